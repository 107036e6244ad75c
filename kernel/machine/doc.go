// Package machine fits kernel machines at linear cost: linear models on the random
// features of package kernel, which stand for the kernel machine whose cost grows
// with the square of the rows.
//
// # Machines
//
//	Ridge      least squares by one pass over the rows and a Cholesky factorization:
//	           exact, with the deviation of predictions where it is wanted (an
//	           approximate Gaussian process). For up to some 16,000 features: it
//	           takes N·n² multiply-adds and 6·n² bytes.
//	EigenPro   least squares by preconditioned stochastic gradient descent, a few
//	           passes: for as many features as a batch of rows has room for.
//	Logistic   softmax regression by L-BFGS, some dozens of passes, or hundreds for a
//	           small ridge: probabilities. CalibrationFactor and Model.Calibrate give
//	           the other two some as well.
//
// Each of them takes a Problem: rows to fit to and rows held out, by which it
// chooses its regularisation; a Scaling of rows; and a feature map. Without a map
// the machine is linear, the baseline to compare with. What comes out is a Model, which
// predicts in batches, and which a safetensors file stores with all that it needs.
//
// # Landmarks
//
// Random features stand for a kernel roughly. Where rows are some thousand at most,
// kernel.Landmarks are better: kernels with some of the rows, or with all, for which
// ridge regression is kernel ridge regression itself, with a constant that is not
// penalised. A machine is fitted to features whose products are the kernel's (Nyström's
// method), which take N·m² multiply-adds and another 2·m² bytes for m landmarks; the
// model has the kernels themselves, and its file the landmarks. Smooth kernels of a large
// bandwidth are much alike, and float32 keeps 7 digits of them: what a ridge below some
// 1e-6 would draw from further ones is lost. Narrower kernels bear more.
//
// # Cross-validation
//
// Search chooses bandwidth and ridge by folds. Features and their covariances are
// computed once for a bandwidth; as covariances of rows add up, the ones that a fold is
// predicted by are those of all rows less its own. Each ridge then costs a factorization
// for each fold. Classes are compared by the log loss of calibrated predictions.
//
// # Rows
//
// Rows come from a Source, in batches, as often as a machine asks. A Table is a
// Source in memory; others may read files. Survey goes through one once, for the
// means and deviations that Standardize takes, and a sample. Rows may have weights,
// which all machines and scores heed: one of weight 2 counts as two rows.
//
// # Exactness
//
// Features and weights are float32; targets, constants and predictions float64, so
// that targets may be large beside what there is to learn. Sums over many rows are
// float64, of products of float32 over blocks of some hundred to two thousand rows.
// Those bear no ridge below some 1e-8; Ridge raises it, or computes products of few
// rows in float64. Everything is to the same bits on any number of cores, for one
// version of the kernels in internal/simd, and depends on seeds alone.
package machine
