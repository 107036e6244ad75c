package nn

import (
	"math"
	"slices"
)

// The definitions of operations, in float64 and as they stand in books, that
// layers are compared with.

func each(f func(float64) float64) func(Layer, [][]float64) []float64 {
	return func(_ Layer, in [][]float64) []float64 {
		y := make([]float64, len(in[0]))
		for i, x := range in[0] {
			y[i] = f(x)
		}
		return y
	}
}

func wantConv(layer Layer, in [][]float64) []float64 {
	l := layer.(*conv)
	w := l.window
	var y []float64
	for o := range l.Out {
		group := o / (l.Out / l.Groups)
		for oy := range w.OutHeight {
			for ox := range w.OutWidth {
				var total float64
				if l.bias != nil {
					total = float64(l.bias.Data[o])
				}
				for c := range w.Channels {
					for ky := range l.Kernel {
						for kx := range l.Kernel {
							iy, ix := oy*l.Stride-l.Pad+ky, ox*l.Stride-l.Pad+kx
							if iy >= 0 && iy < w.Height && ix >= 0 && ix < w.Width {
								weight := l.weight.Data[((o*w.Channels+c)*l.Kernel+ky)*l.Kernel+kx]
								total += float64(weight) * in[0][((group*w.Channels+c)*w.Height+iy)*w.Width+ix]
							}
						}
					}
				}
				y = append(y, total)
			}
		}
	}
	return y
}

// windows calls f with the values of every pooling window that lie inside the
// image and the number of pixels that an average divides by.
// The padding on the far sides is that on the near ones, unless far says how much
// more it is.
func windows(layer Layer, in []float64, far int, f func(values []float64, divisor int) float64) []float64 {
	l := layer.(*pool)
	var y []float64
	for c := range l.Channels {
		for oy := range l.OutHeight {
			for ox := range l.OutWidth {
				var values []float64
				divisor := 0
				for ky := range l.KernelH {
					for kx := range l.KernelW {
						iy, ix := oy*l.StrideH-l.PadH+ky, ox*l.StrideW-l.PadW+kx
						if iy < l.Height+l.PadH+far && ix < l.Width+l.PadW+far {
							divisor++
						}
						if iy >= 0 && iy < l.Height && ix >= 0 && ix < l.Width {
							values = append(values, in[(c*l.Height+iy)*l.Width+ix])
						}
					}
				}
				y = append(y, f(values, divisor))
			}
		}
	}
	return y
}

func wantMaxPool(l Layer, in [][]float64) []float64 {
	return windows(l, in[0], 0, func(values []float64, _ int) float64 { return slices.Max(values) })
}

func wantAveragePool(l Layer, in [][]float64) []float64 { return wantAverage(l, in, 0) }

// wantAverageFar has a pixel more of padding on the far sides.
func wantAverageFar(l Layer, in [][]float64) []float64 { return wantAverage(l, in, 1) }

func wantAverage(l Layer, in [][]float64, far int) []float64 {
	return windows(l, in[0], far, func(values []float64, divisor int) float64 {
		var total float64
		for _, v := range values {
			total += v
		}
		return total / float64(divisor)
	})
}

func wantGlobalAverage(l Layer, in [][]float64) []float64 { return wantAveragePool(l, in) }

func wantAverageInside(l Layer, in [][]float64) []float64 {
	return windows(l, in[0], 0, func(values []float64, _ int) float64 {
		var total float64
		for _, v := range values {
			total += v
		}
		return total / float64(len(values))
	})
}

func wantSoftmax(_ Layer, in [][]float64) []float64 {
	y := each(math.Exp)(nil, in)
	var total float64
	for _, v := range y {
		total += v
	}
	for i := range y {
		y[i] /= total
	}
	return y
}

// wantSoftmaxOfThree is over rows of three values.
func wantSoftmaxOfThree(l Layer, in [][]float64) []float64 {
	var y []float64
	for row := range slices.Chunk(in[0], 3) {
		y = append(y, wantSoftmax(l, [][]float64{row})...)
	}
	return y
}

func wantLogSoftmaxOfThree(l Layer, in [][]float64) []float64 {
	return each(math.Log)(nil, [][]float64{wantSoftmaxOfThree(l, in)})
}

func wantLogSoftmax(l Layer, in [][]float64) []float64 {
	y := wantSoftmax(l, in)
	for i, v := range y {
		y[i] = math.Log(v)
	}
	return y
}

// matrixVector returns W·x + bias.
func matrixVector(w []float32, bias *Param, x []float64) []float64 {
	y := make([]float64, len(w)/len(x))
	for i := range y {
		if bias != nil {
			y[i] = float64(bias.Data[i])
		}
		for j, v := range x {
			y[i] += float64(w[i*len(x)+j]) * v
		}
	}
	return y
}

func wantDense(layer Layer, in [][]float64) []float64 {
	l := layer.(*dense)
	return matrixVector(l.weight.Data, l.bias, in[0])
}

func wantFastfood(layer Layer, in [][]float64) []float64 {
	l := layer.(*fastfoodLayer)
	return matrixVector(l.transform().Matrix(), l.bias, in[0])
}

func wantMonarch(layer Layer, in [][]float64) []float64 {
	l := layer.(*monarch)
	matrix := make([]float32, l.Out*l.in)
	for i := range l.Out {
		for j := range l.in {
			matrix[i*l.in+j] = l.l.Data[i*l.Blocks+j/l.width] * l.r.Data[i/l.height*l.in+j]
		}
	}
	return matrixVector(matrix, l.bias, in[0])
}

func wantCosSin(_ Layer, in [][]float64) []float64 {
	cos := each(math.Cos)(nil, in)
	return append(cos, each(math.Sin)(nil, in)...)
}

func wantNormalize(layer Layer, in [][]float64) []float64 {
	l := layer.(*normalize)
	y := make([]float64, len(in[0]))
	for i, x := range in[0] {
		c := i / (len(in[0]) / len(l.mean.Data))
		y[i] = (x - float64(l.mean.Data[c])) / float64(l.deviation.Data[c])
	}
	return y
}

func wantGELUTanh(x float64) float64 {
	return x / 2 * (1 + math.Tanh(0.7978845608*(x+0.044715*math.Pow(x, 3))))
}

func wantAdd(_ Layer, in [][]float64) []float64 {
	y := slices.Clone(in[0])
	for _, x := range in[1:] {
		for i := range y {
			y[i] += x[i]
		}
	}
	return y
}
