package output

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// Find returns the configuration of the one s3_destination in a file, wherever
// it is nested: in a broker, a fallback, a switch, or among the resources.
// Where there are several, label says which.
func Find(file *service.ConfigQueryFile, label string) (*service.ParsedConfig, error) {
	var found []labelled
	for _, path := range []string{"output", "output_resources"} {
		conf, err := file.FieldAtPath(path)
		if err != nil {
			continue
		}
		tree, err := conf.FieldAny()
		if err != nil {
			continue
		}
		found = append(found, search(tree, "")...)
	}
	if label != "" {
		found = slices.DeleteFunc(found, func(l labelled) bool { return l.label != label })
	}
	switch len(found) {
	case 0:
		return nil, errors.New("no " + Name + " output of that label is configured")
	case 1:
		return parse(found[0].conf)
	default:
		labels := make([]string, len(found))
		for i, l := range found {
			labels[i] = fmt.Sprintf("%q", l.label)
		}
		return nil, fmt.Errorf("%d %s outputs are configured: choose one by its label, among %s",
			len(found), Name, strings.Join(labels, ", "))
	}
}

type labelled struct {
	label string
	conf  any
}

// search walks a configuration. label is that of the enclosing component.
func search(tree any, label string) []labelled {
	var found []labelled
	switch t := tree.(type) {
	case map[string]any:
		if own, ok := t["label"].(string); ok && own != "" {
			label = own
		}
		keys := make([]string, 0, len(t))
		for k := range t {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if k == Name {
				found = append(found, labelled{label: label, conf: t[k]})
				continue
			}
			found = append(found, search(t[k], label)...)
		}
	case []any:
		for _, e := range t {
			found = append(found, search(e, label)...)
		}
	}
	return found
}

// parse reads a configuration given as plain values.
func parse(conf any) (*service.ParsedConfig, error) {
	text, err := json.Marshal(conf) // JSON is YAML
	if err != nil {
		return nil, err
	}
	return fields().ParseYAML(string(text), service.GlobalEnvironment())
}
