//go:build !amd64 || purego

package simd

func gemmTiles(c, a *Matrix, b []float32, rowStride, panelStride, count, width int, e *Epilogue) {
	gemmTilesRef(c, a, b, rowStride, panelStride, count, width, e)
}

func copyRows(dst, src rows, width, height, planes int) { copyRowsRef(dst, src, width, height, planes) }
func addRows(dst, src rows, width, height, planes int)  { addRowsRef(dst, src, width, height, planes) }

func copyEvery(dst []float32, dstStride int, src []float32, srcStride, every, width, height int) {
	copyEveryRef(dst, dstStride, src, srcStride, every, width, height)
}

func arrangeTransposed(dst []float32, stride int, m Matrix, _ bool) {
	arrangeRef(dst, stride, m)
}

func dotRow(c, a []float32, b *Matrix) { dotRowRef(c, a, b) }

func dotRowInt8(c, a []float32, b *Int8Matrix, first int) { dotRowInt8Ref(c, a, b, first) }

func gemmFew(c, a, b *Matrix, e *Epilogue) int { return 0 }
func gatherPanels(dst []float32, b Matrix)     { gatherPanelsRef(dst, b) }

func maxPool2x2(y, x []float32, height, width int) { maxPool2x2Ref(y, x, height, width) }

func maxPool2x2Backward(dx, dy, y, x []float32, height, width int) {
	maxPool2x2BackwardRef(dx, dy, y, x, height, width)
}

func maxPool3x3(y []float32, index []int32, x []float32, height, width, yStride, xStride, base int) bool {
	return false
}

func peakMultiplyAdds(operations int) int { return peakMultiplyAddsRef(operations) }
func peakAdditions(operations int) int    { return peakAdditionsRef(operations) }

func sinCosVectors(sin, cos, x []float32) int                      { return 0 }
func scaledCosVectors(cos, x []float32, scale float32) int         { return 0 }
func scaledSinCosVectors(sin, cos, x []float32, scale float32) int { return 0 }

func addVectors(dst, src []float32) int                          { return 0 }
func addConstantVectors(x []float32, value float32) int          { return 0 }
func multiplyVectors(y, a, b []float32, scale float32) int       { return 0 }
func reluVectors(y, x []float32) int                             { return 0 }
func reluBackwardVectors(dx, dy, y []float32) int                { return 0 }
func adamWVectors(param, grad, m, v []float32, c [9]float32) int { return 0 }

func addSquaresVectors(dst, x []float32) int                                              { return 0 }
func responseNormVectors(y, x, sums []float32, k, scale float32) int                      { return 0 }
func subtractProductsVectors(dst, x, y []float32, factor float32) int                     { return 0 }
func responseNormBackwardVectors(dx, ratios, dy, y, sums []float32, k, scale float32) int { return 0 }

func momentumVectors(param, grad, velocity []float32, s *MomentumStep) int { return 0 }

func loadTile(tile []float32, x Samples, width, rows, gap, samples int) {
	loadTileRef(tile, x, width, rows, gap, samples)
}

func storeTile(y Samples, tile []float32, width, rows, samples int) {
	storeTileRef(y, tile, width, rows, samples)
}

func sumLanes(dst []float32, dstRow int, tile []float32, tileRow, width, rows int) {
	sumLanesRef(dst, dstRow, tile, tileRow, width, rows)
}

func convolve(s *Stencil, b *Band, dst, src, weights []float32, channels, outputs int, e Epilogue) {
	convolveRef(s, b, dst, src, weights, channels, outputs, e)
}

func tapGradients(s *tapSums, taps []tap) { tapGradientsRef(s, taps) }

func (p Planes) sum(sums *planeSums, x []float32) { p.sumRef(sums, x) }

func (p Planes) sumSquares(sums *planeSums, x []float32, mean float64) {
	p.sumSquaresRef(sums, x, mean)
}

func (p Planes) sumProducts(sums *[2]planeSums, dy, x []float32, mean float64) {
	p.sumProductsRef(sums, dy, x, mean)
}

func (p Planes) normalize(y, x []float32, mean, factor, bias, least float32) {
	p.normalizeRef(y, x, mean, factor, bias, least)
}

func (p Planes) normalizeBackward(dx, dy, x []float32, mean, factor, constant, slope float32) {
	p.normalizeBackwardRef(dx, dy, x, mean, factor, constant, slope)
}
