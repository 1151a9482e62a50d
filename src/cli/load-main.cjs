// Apart from `postern.cjs`, since an old Node.js does not know import() either. It is copied as it stands, so that the
// module has the name that it has in the build.
'use strict'

void import('./main.js')
