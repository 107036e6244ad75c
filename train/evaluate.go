package train

import (
	"context"
	"fmt"

	"github.com/deepfry/deepfry/dataset"
	"github.com/deepfry/deepfry/nn"
)

// Evaluation is how well a network does on a set of images.
type Evaluation struct {
	Images       int     `json:"images"`
	Errors       int     `json:"errors"`
	ErrorPercent float64 `json:"error_percent"`
	Loss         float64 `json:"loss"` // mean cross-entropy, in nats
}

// Evaluator measures a network on a set of images, again and again.
type Evaluator struct {
	workspace *nn.Workspace
	loader    *dataset.Loader
	classes   int
}

// NewEvaluator fails if images and network do not fit, or are nil.
func NewEvaluator(network *nn.Network, images dataset.Source) (*Evaluator, error) {
	if err := checkFit(network, images); err != nil {
		return nil, err
	}
	batch, err := evaluationBatch(network.Description, images.Len())
	if err != nil {
		return nil, err
	}
	loader, err := dataset.NewLoader(images, dataset.LoaderOptions{BatchSize: batch})
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return &Evaluator{network.NewWorkspace(batch, false), loader, network.OutShape().Size()}, nil
}

// Run measures the network as its parameters are now. It ends early with the
// context's error, or with a *DivergedError where the loss is not finite.
func (e *Evaluator) Run(ctx context.Context) (Evaluation, error) {
	var result Evaluation
	for batch, err := range e.loader.Epoch(0, 0) {
		if err != nil {
			return result, fmt.Errorf("train: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return result, err
		}
		logits := e.workspace.Forward(batch.Images)
		loss, wrong := nn.SoftmaxCrossEntropy{}.Evaluate(nil, logits, batch.Labels, e.classes)
		if !isFinite(loss) {
			return result, &DivergedError{Batch: batch.Index + 1, Layer: e.workspace.FindNonFinite()}
		}
		result.Images += len(batch.Labels)
		result.Errors += wrong
		result.Loss += loss
	}
	result.ErrorPercent = 100 * float64(result.Errors) / float64(result.Images)
	result.Loss /= float64(result.Images)
	return result, nil
}
