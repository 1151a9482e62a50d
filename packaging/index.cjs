// msgpackr does without its native part when this throws. The real package has an install script, of which npm warns
// everybody who installs what depends on it; its prebuilt code is no faster on what workers say to each other.
throw new Error('Postern brings no native part of msgpackr')
