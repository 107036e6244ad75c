package onnx

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// The fields of ONNX's messages that are used here, by their numbers.
const (
	modelIRVersion = 1  // int64
	modelProducer  = 2  // string
	modelDomain    = 4  // string
	modelVersion   = 5  // int64
	modelDoc       = 6  // string
	modelGraph     = 7  // Graph
	modelOpset     = 8  // repeated OperatorSet
	modelMetadata  = 14 // repeated StringStringEntry
	modelFunctions = 25 // repeated Function

	opsetDomain  = 1 // string
	opsetVersion = 2 // int64

	graphNode        = 1  // repeated Node, in topological order
	graphName        = 2  // string
	graphInitializer = 5  // repeated Tensor
	graphInput       = 11 // repeated ValueInfo
	graphOutput      = 12 // repeated ValueInfo
	graphValueInfo   = 13 // repeated ValueInfo: of values in between
	graphSparse      = 15 // repeated SparseTensor, of which field 1 is a Tensor with the name

	nodeInput     = 1 // repeated string
	nodeOutput    = 2 // repeated string
	nodeName      = 3 // string
	nodeType      = 4 // string
	nodeAttribute = 5 // repeated Attribute
	nodeDomain    = 7 // string

	attributeName      = 1  // string
	attributeFloat     = 2  // float
	attributeInt       = 3  // int64
	attributeString    = 4  // bytes
	attributeTensor    = 5  // Tensor
	attributeGraph     = 6  // Graph
	attributeFloats    = 7  // repeated float
	attributeInts      = 8  // repeated int64
	attributeGraphs    = 11 // repeated Graph
	attributeType      = 20 // one of the kinds below
	attributeReference = 21 // string: in a function, the name of the node's attribute that is meant

	kindFloat  = 1
	kindInt    = 2
	kindString = 3
	kindTensor = 4
	kindFloats = 6
	kindInts   = 7

	tensorDims       = 1  // repeated int64
	tensorType       = 2  // DataType
	tensorFloatData  = 4  // repeated float
	tensorInt32Data  = 5  // repeated int32: also of smaller types, and the bits of float16
	tensorInt64Data  = 7  // repeated int64
	tensorName       = 8  // string
	tensorRawData    = 9  // bytes, little endian
	tensorDoubleData = 10 // repeated double
	tensorExternal   = 13 // repeated Entry: location, offset, length
	tensorLocation   = 14 // 1: the data is external
	locationExternal = 1

	entryKey   = 1 // string
	entryValue = 2 // string

	valueName      = 1 // string
	valueType      = 2 // Type
	typeTensor     = 1 // TensorType
	tensorTypeElem = 1 // DataType
	tensorShape    = 2 // Shape
	shapeDim       = 1 // repeated Dimension
	dimValue       = 1 // int64
	dimParam       = 2 // string

	functionName      = 1  // string
	functionInput     = 4  // repeated string
	functionOutput    = 5  // repeated string
	functionAttribute = 6  // repeated string: the names of attributes
	functionNode      = 7  // repeated Node
	functionDoc       = 8  // string
	functionOpset     = 9  // repeated OperatorSet
	functionDomain    = 10 // string
)

// DataType is the type of a tensor's elements, by ONNX's numbers.
type DataType int32

const (
	Float    DataType = 1
	Uint8    DataType = 2
	Int8     DataType = 3
	Uint16   DataType = 4
	Int32    DataType = 6
	Int64    DataType = 7
	Bool     DataType = 9
	Float16  DataType = 10
	Double   DataType = 11
	BFloat16 DataType = 16
)

// typeSizes are the bytes of an element.
var typeSizes = map[DataType]int{Float: 4, Uint8: 1, Int8: 1, Uint16: 2, Int32: 4, Int64: 8, Bool: 1, Float16: 2, Double: 8, BFloat16: 2}

func (t DataType) String() string {
	switch t {
	case Float:
		return "float32"
	case Uint8:
		return "uint8"
	case Int8:
		return "int8"
	case Uint16:
		return "uint16"
	case Int32:
		return "int32"
	case Int64:
		return "int64"
	case Bool:
		return "bool"
	case Float16:
		return "float16"
	case Double:
		return "float64"
	case BFloat16:
		return "bfloat16"
	}
	return fmt.Sprintf("type %d", int32(t))
}

// entry encodes a key and its value.
func entry(key, value string) []byte {
	return appendText(appendText(nil, entryKey, key), entryValue, value)
}

func appendText(b []byte, number protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, number, protowire.BytesType), text)
}

func appendMessage(b []byte, number protowire.Number, message []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), message)
}

func appendInt(b []byte, number protowire.Number, value int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), uint64(value))
}
