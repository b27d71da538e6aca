package output

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// Find returns the configuration of the one s3_destination in a configuration
// file, wherever it is nested: in a broker, a fallback, a switch, or among the
// resources. Where there are several, label says which. Environment variables
// are replaced.
func Find(file, label string) (*service.ParsedConfig, error) {
	b := service.NewStreamBuilder()
	b.SetSchema(service.GlobalEnvironment().FullConfigSchema("", ""))
	b.DisableLinting() // what is wrong with other components is for lint to say
	if err := b.SetYAML(file); err != nil {
		return nil, err
	}
	var found []any
	var labels []string
	err := b.WalkComponents(func(w *service.WalkedComponent) error {
		if w.ComponentType != "output" || w.Name != Name || label != "" && w.Label != label {
			return nil
		}
		conf, err := w.ConfigAny()
		if err != nil {
			return err
		}
		component, _ := conf.(map[string]any)
		found = append(found, component[Name])
		labels = append(labels, fmt.Sprintf("%q", w.Label))
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(found) == 1:
		return parse(found[0])
	case len(found) > 1:
		return nil, fmt.Errorf("%d %s outputs are configured: choose one by its label, among %s",
			len(found), Name, strings.Join(labels, ", "))
	case label != "":
		return nil, fmt.Errorf("no %s output with the label %q is configured", Name, label)
	default:
		return nil, errors.New("no " + Name + " output is configured")
	}
}

// parse reads a configuration given as plain values.
func parse(conf any) (*service.ParsedConfig, error) {
	text, err := json.Marshal(conf) // JSON is YAML
	if err != nil {
		return nil, err
	}
	return fields().ParseYAML(string(text), service.GlobalEnvironment())
}
