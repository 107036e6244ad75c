package simd

// The conversions keep Go from fusing a product with a sum.

// plane returns the pixels of sample i.
func (p Planes) plane(x []float32, i int) []float32 { return x[i*p.Stride:][:p.Pixels] }

func (p Planes) sumRef(sums *planeSums, x []float32) {
	for i := range p.Samples {
		for j, v := range p.plane(x, i) {
			sums[j&15] += float64(v)
		}
	}
}

func (p Planes) sumSquaresRef(sums *planeSums, x []float32, mean float64) {
	for i := range p.Samples {
		for j, v := range p.plane(x, i) {
			d := float64(v) - mean
			sums[j&15] += float64(d * d)
		}
	}
}

func (p Planes) sumProductsRef(sums *[2]planeSums, dy, x []float32, mean float64) {
	for i := range p.Samples {
		values := p.plane(x, i)
		for j, g := range p.plane(dy, i) {
			sums[0][j&15] += float64(g)
			sums[1][j&15] += float64(float64(g) * (float64(values[j]) - mean))
		}
	}
}

func (p Planes) normalizeRef(y, x []float32, mean, factor, bias, least float32) {
	for i := range p.Samples {
		outputs := p.plane(y, i)
		for j, v := range p.plane(x, i) {
			v = float32((v-mean)*factor) + bias
			if v < least {
				v = least
			}
			outputs[j] = v
		}
	}
}

func (p Planes) normalizeBackwardRef(dx, dy, x []float32, mean, factor, constant, slope float32) {
	for i := range p.Samples {
		values, gradient := p.plane(x, i), p.plane(dx, i)
		for j, g := range p.plane(dy, i) {
			gradient[j] = factor * (g - constant - float32((values[j]-mean)*slope))
		}
	}
}
