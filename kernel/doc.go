// Package kernel approximates kernels by random features, at a cost that is
// linear in the number of rows, and computes them exactly where that is wanted.
//
// A kernel k(x, y) says how much alike two rows of numbers are. A kernel machine
// that sums k(x, x_i) over its training rows takes longer the more rows it was
// trained on. A feature map z replaces it by a linear machine: z(x)·z(y) is about
// k(x, y).
//
// # Which features belong to which kernel
//
// Bochner's theorem: a kernel of x-y alone is the Fourier transform of a
// distribution of frequencies ω, up to a factor,
//
//	k(x-y) = E cos(ω·(x-y)) = E [cos(ω·x)·cos(ω·y) + sin(ω·x)·sin(ω·y)]
//
// so that cosines and sines of n random frequencies, over √n, are features for it
// (Rahimi and Recht, NIPS 2007). Gaussian frequencies give the [Gaussian]
// kernel, Cauchy's the [Laplacian], Student's t the [Matern] kernels. With
// other non-linearities the same random products give other kernels: with ReLU
// or a step the [ArcCosine] kernels, those of infinitely wide layers; without
// any the [Linear] one, and are a random projection ([NewProjection]). To choose a
// network's non-linearity is to choose a kernel.
//
// # How frequencies are drawn
//
// [RKS] is a dense Gaussian matrix. [Fastfood] and [SORF] are products of
// Hadamard matrices and diagonals, which take O(n·log d) time instead of O(n·d).
// [ORF] and SORF have orthogonal rows and so the least errors. A description of
// features ([Features.MarshalJSON]) holds a seed instead of the matrix.
//
// # Landmarks
//
// [Landmarks] are features of another kind: the kernels of a row with some chosen rows,
// computed exactly. A linear function of them is what a kernel machine is. They know the
// data, so that some hundred do what takes thousands of random features, at O(m·d) a row
// for m landmarks.
package kernel
