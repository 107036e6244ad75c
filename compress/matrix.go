package compress

import "github.com/deepfry/deepfry/internal/linear"

// What package linear does, by the names that it has here.
var (
	product       = linear.Multiply
	dot           = linear.Dot
	subtract      = linear.Subtract
	scale         = linear.Scale
	centre        = linear.Centre
	relativeError = linear.RelativeError
)
