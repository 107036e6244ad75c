package tensorfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nlpodyssey/safetensors"
)

func tensor(t testing.TB, content string) safetensors.TensorView {
	t.Helper()
	view, err := safetensors.NewTensorView(safetensors.U8, []uint64{uint64(len(content))}, []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return view
}

func TestWriteAndRead(t *testing.T) {
	tensors := map[string]safetensors.TensorView{"a": tensor(t, "one"), "b": tensor(t, "two"), "empty": tensor(t, "")}
	metadata := map[string]string{"key": "<välue>"}
	var file bytes.Buffer
	if err := Write(&file, tensors, metadata); err != nil {
		t.Fatal(err)
	}
	back, err := Read(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(back.Metadata, metadata) || len(back.Tensors) != 3 || string(back.Tensors["b"].Data()) != "two" {
		t.Errorf("%+v", back)
	}
	if len(metadata) != 1 {
		t.Errorf("the caller's metadata became %v", metadata)
	}
	// Another program may store the same in another order.
	header := `{"b":{"shape":[3],"dtype":"U8","data_offsets":[0,3]},"empty":{"dtype":"U8","shape":[0],"data_offsets":[3,3]},` +
		`"a":{"dtype":"U8","shape":[3],"data_offsets":[3,6]},"__metadata__":{"key":"\u003cv\u00e4lue>",` +
		file.String()[strings.Index(file.String(), `"deepfry.checksum"`):]
	header = header[:strings.Index(header, ",\"key\"")] + "}}"
	if back, err := Read(raw(header, "twoone")); err != nil || !maps.Equal(back.Metadata, metadata) {
		t.Errorf("stored by another program: %v, %v", back, err)
	}
	if _, err := Read(raw(header, "twoonf")); !errors.Is(err, ErrDamaged) {
		t.Errorf("with another value: error %v", err)
	}
}

// raw returns a file with a header and data.
func raw(header, data string) []byte {
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), data...)
}

func TestBadFiles(t *testing.T) {
	const a = `"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}`
	for _, c := range []struct{ header, data, want string }{
		{`{` + a + `}`, "x", ""},
		{`{` + a + `,"__metadata__":{"a":"b"}}`, "x", ""},
		{`{` + a + `,` + a + `}`, "x", `the key "a" twice`},
		{`{` + a + `,"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}`, "x", `the key "a" twice`},
		{`{` + a + `,"__metadata__":{"k":"1","k":"2"}}`, "x", `the key "k" twice`},
		{`{"__metadata__":{"k":"1"},` + a + `,"__metadata__":{"k":"2"}}`, "x", `the key "__metadata__" twice`},
		{`{"a":{"dtype":"U8","shape":[2],"shape":[1],"data_offsets":[0,1]}}`, "x", `the key "shape" twice`},
		{`{` + a + `,"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, "x", "offset"}, // the same bytes twice
		{`{` + a + `,"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, "xy", "offset"},
		{`{"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, "xy", "offset"}, // a hole
		{`{"b":{"dtype":"U8","shape":[2],"data_offsets":[0,1]}}`, "x", "mismatch"},
		{`{"b":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}`, "x", "F8_E4M3"},
		{`{` + a + `}`, "", "damaged"},
		{`{` + a + `}`, "xy", "damaged"},
		{`{` + a + `,"__metadata__":{"a":"` + "\xff" + `"}}`, "x", "UTF-8"},
		{`{` + a + `,"__metadata__":{"deepfry.format":"2"}}`, "x", "checksum"},
		{`{` + a + `,"__metadata__":{"deepfry.checksum":"00"}}`, "x", "checksum"},
		{`{` + a + `,"__metadata__":{"deepfry.format":"3"}}`, "x", `format is "3"`},
		{`[]`, "", "not a safetensors file"},
		{`{"a":`, "", "damaged"},
	} {
		_, err := Read(raw(c.header, c.data))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s %q: error %v, want %q", c.header, c.data, err, c.want)
		}
	}
	if _, err := Read(raw(`{`+a+`}`, "x")[:20]); err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("half a header: error %v", err)
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, size := range []int{1, 600, 5000} {
		want := raw(fmt.Sprintf(`{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}`, size, size), strings.Repeat("x", size))
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d of %d bytes (%v)", len(got), len(want), err)
		}
	}
	if _, err := ReadFile(path + "2"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: error %v", err)
	}
	if _, err := ReadFile(filepath.Dir(path)); err == nil {
		t.Error("a folder: no error")
	}
	if _, err := os.Stat("/dev/zero"); err == nil {
		if _, err := ReadFile("/dev/zero"); err == nil || !strings.Contains(err.Error(), "/dev/zero: not a safetensors") {
			t.Errorf("an endless file: error %v", err)
		}
	}
}

func TestDescribe(t *testing.T) {
	tensors := map[string]safetensors.TensorView{}
	for _, want := range []string{"0 tensors without", "1 tensors (d) without", "2 tensors (c, d)", "3 tensors (b, c, d)", "4 tensors (a, b, c, ...)"} {
		if got := (&File{Tensors: tensors}).Describe(); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		tensors[string(rune('d'-len(tensors)))] = tensor(t, "x")
	}
	for key, want := range map[string]string{NetworkKey: "a network", MachineKey: "a kernel machine"} {
		if got := (&File{Metadata: map[string]string{key: ""}}).Describe(); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	for name, c := range map[string]struct {
		tensor string
		key    string
		value  string
	}{
		"format":         {"a", "deepfry.format", "9"},
		"checksum":       {"a", "deepfry.checksum", ""},
		"value":          {"a", "b", "\xff"},
		"key":            {"a", "\xff", ""},
		"tensor":         {"\xff", "b", ""},
		"tensor as meta": {"__metadata__", "b", ""},
	} {
		var file bytes.Buffer
		err := Write(&file, map[string]safetensors.TensorView{c.tensor: tensor(t, "x")}, map[string]string{c.key: c.value})
		if err == nil || file.Len() > 0 {
			t.Errorf("%s: error %v, %d bytes", name, err, file.Len())
		}
	}
}

func FuzzRead(f *testing.F) {
	var file bytes.Buffer
	if err := Write(&file, map[string]safetensors.TensorView{"a": tensor(f, "one")}, map[string]string{"k": "v"}); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Add(raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"__metadata__":{"a":"b"}}`, "x"))
	f.Fuzz(func(t *testing.T, content []byte) {
		found, err := Read(content)
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := Write(&again, found.Tensors, found.Metadata); err != nil {
			t.Fatal(err)
		}
		back, err := Read(again.Bytes())
		if err != nil || !maps.Equal(back.Metadata, found.Metadata) || len(back.Tensors) != len(found.Tensors) {
			t.Errorf("%v: %+v became %+v", err, found, back)
		}
	})
}
