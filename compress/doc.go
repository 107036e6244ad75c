// Package compress makes trained networks smaller: it replaces their fully-connected
// layers by products of smaller matrices, Fastfood transforms or random
// projections, and fine-tunes the whole.
//
//	model, err := compress.Open("net.onnx", nil)
//	data, err := compress.OpenData("fashion", model.Network.Description.Input)
//	result, err := model.Compress(ctx, compress.Options{Methods: compress.Auto(), Budget: 4, Data: data, FineTune: 2})
//	err = result.Save("smaller.onnx")
//	err = result.Report.WriteText(os.Stdout)
//
// A replacement that would have more weights than the dense layer, or take longer
// on this machine, is refused, and the report says so.
package compress
