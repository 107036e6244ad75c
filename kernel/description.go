package kernel

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// SamplerVersion goes with a seed. It changes whenever the same options would
// give other numbers.
const SamplerVersion = 1

// samplerVersion is SamplerVersion, or one more for SORF of few inputs, which
// version 1 did not pad.
func samplerVersion(k Kernel, o Options) int {
	if o.padsSORF(k) {
		return SamplerVersion + 1
	}
	return SamplerVersion
}

// MarshalKernel returns the kernel's description, such as
// {"kind":"gaussian","gamma":0.02}.
func MarshalKernel(k Kernel) ([]byte, error) {
	if err := validate(k); err != nil {
		return nil, err
	}
	parameters, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("kernel: %w", err)
	}
	kind := fmt.Sprintf(`{"kind":%q`, k.Kind())
	if string(parameters) != "{}" {
		kind += ","
	}
	return append([]byte(kind), parameters[1:]...), nil
}

// UnmarshalKernel is the inverse of [MarshalKernel]. Errors: text that is no
// such description, an unknown kind, unknown parameters, which a newer version may
// have written, and parameters out of their range.
func UnmarshalKernel(data []byte) (Kernel, error) {
	var head struct{ Kind string }
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("kernel: description: %w", err)
	}
	switch head.Kind {
	case "gaussian":
		return unmarshal[Gaussian](data)
	case "laplacian":
		return unmarshal[Laplacian](data)
	case "mixture":
		return unmarshal[Mixture](data)
	case "matern":
		return unmarshal[Matern](data)
	case "arccosine":
		return unmarshal[ArcCosine](data)
	case "polynomial":
		return unmarshal[Polynomial](data)
	case "linear":
		return unmarshal[Linear](data)
	}
	return nil, fmt.Errorf("kernel: description: kind %q: want gaussian, laplacian, mixture, matern, arccosine, polynomial or linear", head.Kind)
}

func unmarshal[K Kernel](data []byte) (Kernel, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, fmt.Errorf("kernel: description: %w", err)
	}
	delete(fields, "kind")
	parameters, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("kernel: description: %w", err)
	}
	var k K
	if err := strictly(parameters, &k); err != nil {
		return nil, fmt.Errorf("kernel: description: %w", err)
	}
	if err := k.Validate(); err != nil {
		return nil, err
	}
	return k, nil
}

// strictly decodes JSON and fails on fields that target does not have.
func strictly(data []byte, target any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	return decoder.Decode(target)
}

// description is what JSON holds of Features.
type description struct {
	Kernel json.RawMessage `json:"kernel"`
	Options
	Sampler int `json:"sampler"` // samplerVersion
}

// MarshalJSON returns the description of f: the kernel, the options with the
// seed, and the sampler version, but none of the numbers drawn.
func (f *Features) MarshalJSON() ([]byte, error) {
	k, err := MarshalKernel(f.kernel)
	if err != nil {
		return nil, err
	}
	return json.Marshal(description{k, f.options, samplerVersion(f.kernel, f.options)})
}

// UnmarshalJSON makes f anew from its description, with the same numbers to
// the bit. It fails as NewFeatures does, for another sampler version, and for options
// that are unknown.
func (f *Features) UnmarshalJSON(data []byte) error {
	var d description
	if err := strictly(data, &d); err != nil {
		return fmt.Errorf("kernel: description of features: %w", err)
	}
	k, err := UnmarshalKernel(d.Kernel)
	if err != nil {
		return err
	}
	if want := samplerVersion(k, d.Options); d.Sampler != want {
		return fmt.Errorf("kernel: the features were drawn by sampler version %d; this program has version %d for them: make them anew", d.Sampler, want)
	}
	made, err := NewFeatures(k, d.Options)
	if err != nil {
		return err
	}
	*f = *made
	return nil
}
