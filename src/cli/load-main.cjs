// Apart from `postern.cjs`, since an old Node.js does not know import() either.
'use strict'

void import('./main.ts')
