package inspect

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/config"
)

// labelled is an output found in a configuration.
type labelled struct {
	label string
	conf  any
}

// find returns the one s3_destination in a configuration file, wherever it is
// nested: in a broker, a fallback, a switch, or among the resources. Where
// there are several, label says which. Environment variables are replaced.
func find(file, label string) (conf *config.Config, found string, err error) {
	all, err := findAll(file)
	if err != nil {
		return nil, "", err
	}
	if label != "" {
		all = slices.DeleteFunc(all, func(l labelled) bool { return l.label != label })
	}
	switch {
	case len(all) > 1:
		var labels []string
		for _, l := range all {
			labels = append(labels, l.label)
		}
		return nil, "", fmt.Errorf("%d %s outputs are configured: choose one by its label, among %q", len(all), config.Name, labels)
	case len(all) == 0 && label != "":
		return nil, "", fmt.Errorf("no %s output with the label %q is configured", config.Name, label)
	case len(all) == 0:
		return nil, "", errors.New("no " + config.Name + " output is configured")
	}
	conf, err = config.ParseValues(all[0].conf)
	return conf, all[0].label, err
}

// findAll searches the outputs of a configuration file. The tools with which
// Benthos walks a configuration remove its secrets, so it is searched as plain
// values.
func findAll(file string) ([]labelled, error) {
	conf, err := service.GlobalEnvironment().FullConfigSchema("", "").NewConfigQuerier().ParseYAML(file)
	if err != nil {
		return nil, err
	}
	var all []labelled
	for _, path := range []string{"output", "output_resources"} {
		part, err := conf.FieldAtPath(path)
		if err != nil {
			continue // not in this file
		}
		value, err := part.FieldAny()
		if err != nil {
			continue
		}
		all = append(all, search(value, "")...)
	}
	return all, nil
}

// search walks plain values. label is that of the enclosing component.
func search(tree any, label string) []labelled {
	var found []labelled
	switch t := tree.(type) {
	case map[string]any:
		if own, ok := t["label"].(string); ok && own != "" {
			label = own
		}
		for _, key := range slices.Sorted(maps.Keys(t)) {
			if key == config.Name {
				found = append(found, labelled{label: label, conf: t[key]})
			} else {
				found = append(found, search(t[key], label)...)
			}
		}
	case []any:
		for _, element := range t {
			found = append(found, search(element, label)...)
		}
	case interface{ Decode(into any) error }: // a node of YAML
		var value any
		if t.Decode(&value) == nil {
			found = search(value, label)
		}
	}
	return found
}
