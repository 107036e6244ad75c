// Package onnx reads and writes ONNX files: it turns them into networks
// (Import), networks into them (Export), and rewrites fully-connected layers in
// files that are otherwise left as they are, to the byte (Model.Replace).
//
// ONNX files are protobuf messages. This package decodes of them what it needs
// and keeps the rest as it is on the wire, rather than in generated types, so
// that saving a model copies what nobody changed: fields of newer versions,
// functions, metadata, operators that nobody knows.
//
//	model, err := onnx.Open("net.onnx")
//	network, err := onnx.Import(model, onnx.ImportOptions{}) // to run and to train it here
//	layers, refused := model.Linears()                       // or to replace its Gemm and MatMul nodes
//	err = model.Replace(layers[0], factors, false)                // by a network of vectors, such as two matrices
//	err = model.Save("smaller.onnx")
//
// Files need not be trusted. Lengths and counts are checked on the wire before
// anything is allocated, and a small file can't have a large one's memory.
package onnx
