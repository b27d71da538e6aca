package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/redpanda-data/benthos/v4/public/service"
	"gopkg.in/yaml.v3"
)

// Manifest tells Redpanda Connect how an output is started, and which settings it has.
// Redpanda Connect looks at their names and, of those that are simple, at their kinds;
// what is wrong with them is found by the plugin when it starts.
type Manifest struct {
	Name        string   `yaml:"name"`
	Summary     string   `yaml:"summary"`
	Description string   `yaml:"description"`
	Type        string   `yaml:"type"`
	Command     []string `yaml:"command,flow"`
	Fields      []Field  `yaml:"fields"`
}

// Field is a setting. One without a default must be given.
type Field struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	Type        string `yaml:"type"`
	Kind        string `yaml:"kind,omitempty"`
	Default     *any   `yaml:"default,omitempty"`
	Advanced    bool   `yaml:"advanced,omitempty"`
}

// described is what is read of a specification, as Benthos prints it.
type described struct {
	Summary     string `json:"summary"`
	Description string `json:"description"`
	Config      struct {
		Children []struct {
			Name        string `json:"name"`
			Type        string `json:"type"`
			Kind        string `json:"kind"`
			Description string `json:"description"`
			IsAdvanced  bool   `json:"is_advanced"`
			Default     *any   `json:"default"`
			Children    []any  `json:"children"`
		} `json:"children"`
	} `json:"config"`
}

// ManifestOf describes a registered output, started by a command. must names settings
// that have no default in a plugin, and why.
func ManifestOf(name string, command []string, must map[string]string) (*Manifest, error) {
	view, ok := service.GlobalEnvironment().GetOutputConfig(name)
	if !ok {
		return nil, fmt.Errorf("describing the plugin: no output is registered as %s", name)
	}
	text, err := view.FormatJSON()
	if err != nil {
		return nil, fmt.Errorf("describing the plugin: %w", err)
	}
	var spec described
	if err := json.Unmarshal(text, &spec); err != nil {
		return nil, fmt.Errorf("describing the plugin: %w", err)
	}
	m := &Manifest{Name: name, Summary: spec.Summary, Description: spec.Description, Type: "output", Command: command}
	for _, c := range spec.Config.Children {
		f := Field{Name: c.Name, Description: c.Description, Type: "unknown", Default: c.Default, Advanced: c.IsAdvanced}
		switch {
		case len(c.Children) > 0: // its own settings have the defaults
			f.Default = anything(map[string]any{})
		case c.Type == "string" || c.Type == "int" || c.Type == "float" || c.Type == "bool":
			f.Type = c.Type
		}
		switch c.Kind {
		case "map":
			f.Kind = "map"
		case "array":
			f.Kind = "list"
		}
		if why, ok := must[c.Name]; ok {
			f.Default, f.Description = nil, f.Description+" "+why
		}
		m.Fields = append(m.Fields, f)
	}
	return m, nil
}

func anything(v any) *any { return &v }

// YAML is the manifest as a file.
func (m *Manifest) YAML() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# Printed by s3-destination rpc --manifest. Redpanda Connect starts the command in the\n" +
		"# directory of this file: redpanda-connect run --rpc-plugins plugin.yaml pipeline.yaml\n")
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(m); err != nil {
		return nil, fmt.Errorf("writing the manifest: %w", err)
	}
	return b.Bytes(), nil
}

// Written removes the settings of a configuration that Redpanda Connect has added,
// because they have the defaults of the manifest.
func (m *Manifest) Written(conf map[string]any) map[string]any {
	written := map[string]any{}
	for name, v := range conf {
		written[name] = v
	}
	for _, f := range m.Fields {
		if v, ok := written[f.Name]; ok && f.Default != nil && reflect.DeepEqual(plain(v), plain(*f.Default)) {
			delete(written, f.Name)
		}
	}
	return written
}

// plain is a value with all numbers in one type.
func plain(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var same any
	if json.Unmarshal(text, &same) != nil {
		return v
	}
	return same
}
