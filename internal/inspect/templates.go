package inspect

import (
	"fmt"
	"maps"
	"os"

	"github.com/redpanda-data/benthos/v4/public/bloblang"
	"gopkg.in/yaml.v3"
)

// outputTemplate makes an output of its settings, as Benthos does when the
// pipeline starts.
type outputTemplate struct {
	defaults map[string]any
	mapping  *bloblang.Executor
}

// readTemplates reads the templates of outputs. Benthos has read all of them
// before, and has said what is wrong with them.
func readTemplates(patterns []string) (map[string]outputTemplate, error) {
	templates := map[string]outputTemplate{}
	for _, path := range expand(patterns) {
		text, err := os.ReadFile(path) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, fmt.Errorf("reading a template: %w", err)
		}
		var t struct {
			Name, Type, Mapping string
			Fields              []struct {
				Name    string
				Default any
			}
		}
		if err := yaml.Unmarshal(text, &t); err != nil {
			return nil, fmt.Errorf("reading the template %s: %w", path, err)
		}
		if t.Type != "output" {
			continue
		}
		mapping, err := bloblang.Parse(t.Mapping)
		if err != nil {
			return nil, fmt.Errorf("reading the mapping of the template %s: %w", path, err)
		}
		defaults := map[string]any{}
		for _, f := range t.Fields {
			if f.Default != nil {
				defaults[f.Name] = f.Default
			}
		}
		templates[t.Name] = outputTemplate{defaults: defaults, mapping: mapping}
	}
	return templates, nil
}

// render is the output that a template makes of settings; nil where it cannot.
func (t outputTemplate) render(settings *yaml.Node) *yaml.Node {
	all := maps.Clone(t.defaults)
	if settings.Decode(&all) != nil {
		return nil
	}
	made, err := t.mapping.Query(all)
	if err != nil {
		return nil
	}
	var n yaml.Node
	if n.Encode(made) != nil {
		return nil
	}
	return &n
}
