package jsonschema

import (
	"encoding/json"
	"fmt"
)

// kinds are the kinds of components, as the types of settings name them.
var kinds = []string{"buffer", "cache", "input", "metrics", "output", "processor", "rate_limit", "scanner", "tracer"}

// full is what a program accepts, in the form in which Benthos prints it as JSON.
type full struct {
	Config     []Field `json:"config"`
	Buffers    []Spec  `json:"buffers"`
	Caches     []Spec  `json:"caches"`
	Inputs     []Spec  `json:"inputs"`
	Metrics    []Spec  `json:"metrics"`
	Outputs    []Spec  `json:"outputs"`
	Processors []Spec  `json:"processors"`
	RateLimits []Spec  `json:"rate-limits"`
	Scanners   []Spec  `json:"scanners"`
	Tracers    []Spec  `json:"tracers"`
}

func (f *full) components() map[string][]Spec {
	return map[string][]Spec{
		"buffer": f.Buffers, "cache": f.Caches, "input": f.Inputs, "metrics": f.Metrics, "output": f.Outputs,
		"processor": f.Processors, "rate_limit": f.RateLimits, "scanner": f.Scanners, "tracer": f.Tracers,
	}
}

// OfPipelines describes whole files: everything that Benthos and the components of this
// program accept, by the specification that Benthos prints of all of them. Settings that
// are unknown are refused; the rules between settings are for lint.
func OfPipelines(specification []byte) ([]byte, error) {
	var f full
	if err := json.Unmarshal(specification, &f); err != nil {
		return nil, fmt.Errorf("reading the specification of all components: %w", err)
	}
	for _, section := range f.Config {
		if section.Name == "logger" { // whose words lint judges where Benthos does not
			for i := range section.Children {
				section.Children[i].judged = true
			}
		}
	}
	w := writer{whole: true}
	root := object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", "s3-destination"},
		{"description", "A file that s3-destination runs: an input, processors and an output."},
	}
	root = append(root, w.object(f.Config)...)
	defs := object{variable}
	for _, kind := range kinds {
		defs.set(kind, w.component(kind, f.components()[kind]))
	}
	root.set("$defs", defs)
	return printed(root)
}

// component is any component of a kind: its name with its settings, and what each of the
// kind can have beside it.
func (w writer) component(kind string, all []Spec) object {
	names := make([]string, len(all))
	for i, s := range all {
		names[i] = s.Name
	}
	properties := object{
		{"type", object{{"description", "The name of the component, for settings that do not tell it."}, {"enum", names}}},
		{"plugin", object{{"description", "Settings of the component, in an older form."}}},
		{"meta", object{{"description", "Whatever other tools keep here: nobody reads it."}}},
	}
	switch kind {
	case "cache", "input", "output", "processor", "rate_limit":
		properties.set("label", object{{"description", "A name of this component, for logs, metrics and references."}, {"type", "string"}})
	case "metrics":
		properties.set("mapping", object{{"description", "A mapping in Bloblang that changes names of metrics, or leaves them out."}, {"type", "string"}})
	}
	if kind == "input" || kind == "output" {
		properties.set("processors", object{
			{"description", "Processors of this " + kind + " alone."}, {"type", "array"}, {"items", object{{"$ref", "#/$defs/processor"}}},
		})
	}
	for _, s := range all {
		s.Config.Description, s.Config.IsDeprecated = s.Summary, s.Status == "deprecated"
		properties.set(s.Name, w.field(&s.Config))
	}
	return orEnvironment(object{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}})
}
