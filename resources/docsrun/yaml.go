package docsrun

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/s3-destination/s3-destination/internal/template"
)

// Kind is what a yaml fence is a part of.
type Kind string

// The kinds of yaml fences.
const (
	// Stream is a configuration of the binary, or a section of one.
	Stream Kind = "stream"
	// Output is some settings of s3_destination.
	Output Kind = "output"
	// Kubernetes is one or more manifests.
	Kubernetes Kind = "kubernetes"
	// Compose is a file of docker compose, or a part of it.
	Compose Kind = "compose"
	// Unknown is none of these.
	Unknown Kind = ""
)

// sections are the top-level fields of a configuration of the binary.
var sections = []string{
	"input", "output", "pipeline", "buffer", "http", "metrics", "tracer", "logger", "tests", "shutdown_timeout",
	"shutdown_delay", "input_resources", "output_resources", "processor_resources", "cache_resources", "rate_limit_resources",
}

// KindOf tells what a yaml text is, given the names of the settings of
// s3_destination.
func KindOf(text string, settings []string) (Kind, error) {
	var tree map[string]any
	decoder := yaml.NewDecoder(strings.NewReader(text))
	if err := decoder.Decode(&tree); err != nil {
		return Unknown, fmt.Errorf("reading yaml: %w", err)
	}
	keys := slices.Sorted(maps.Keys(tree))
	within := func(known []string) bool {
		return len(keys) > 0 && !slices.ContainsFunc(keys, func(k string) bool { return !slices.Contains(known, k) })
	}
	switch {
	case within(sections):
		return Stream, nil
	case within(settings):
		return Output, nil
	case tree["apiVersion"] != nil && tree["kind"] != nil:
		return Kubernetes, nil
	case tree["services"] != nil:
		return Compose, nil
	}
	return Unknown, fmt.Errorf("the fields %q are neither sections of a configuration nor settings of s3_destination", keys)
}

// Wrap makes a whole configuration of some settings of s3_destination. What is
// required and missing is added: the bucket, the format, the variables and the
// date that the names use.
func Wrap(text string) (string, error) {
	var settings map[string]any
	if err := yaml.Unmarshal([]byte(text), &settings); err != nil {
		return "", fmt.Errorf("reading yaml: %w", err)
	}
	return whole(settings)
}

func whole(settings map[string]any) (string, error) {
	format := "json"
	if schema, _ := settings["schema"].(map[string]any); schema["fields"] != nil {
		format = "parquet" // columns that nobody reads are a mistake
	}
	for name, value := range map[string]any{"bucket": "my-bucket", "region": "eu-west-1", "file_format": format} {
		if settings[name] == nil {
			settings[name] = value
		}
	}
	names := fmt.Sprint(settings["folder"], settings["file_name"])
	variables, _ := settings["variables"].(map[string]any)
	if variables == nil {
		variables = map[string]any{}
	}
	for _, m := range placeholder.FindAllStringSubmatch(names, -1) {
		switch name := m[1]; {
		case slices.Contains([]string{"YYYY", "MM", "DD", "HH"}, name):
			if settings["date_field"] == nil {
				settings["date_field"] = "created_at"
			}
		case slices.Contains(template.DocumentedVariables(), name) && variables[name] == nil:
			variables[name] = "x"
		}
	}
	settings["variables"] = variables
	config, err := yaml.Marshal(map[string]any{"output": map[string]any{"s3_destination": settings}})
	return string(config), err
}

var placeholder = regexp.MustCompile(`\{\{\s*([A-Za-z_]+)\s*\}\}`)

// Examples makes configurations of the examples of one field, which follow each
// other in a fence of the reference. path is that of the field, as the heading
// has it, and complete makes a configuration of the settings.
func Examples(path, text string, complete func(settings map[string]any) (string, error)) ([]string, error) {
	var all []string
	steps := strings.Split(path, ".")
	name := steps[len(steps)-1]
	parts := strings.Split("\n"+text, "\n"+name+":")
	if strings.TrimSpace(parts[0]) != "" || len(parts) < 2 {
		return nil, fmt.Errorf("%q is no example of %s", text, path)
	}
	for _, example := range parts[1:] {
		var value map[string]any
		if err := yaml.Unmarshal([]byte(name+":"+example), &value); err != nil {
			return nil, fmt.Errorf("reading yaml: %w", err)
		}
		config, err := complete(nest(steps[:len(steps)-1], value))
		if err != nil {
			return nil, err
		}
		all = append(all, config)
	}
	return all, nil
}

// reading makes a configuration of settings of the Kafka input.
func reading(settings map[string]any) (string, error) {
	for name, value := range map[string]any{"seed_brokers": []string{"broker:9092"}, "topics": []string{"events"}, "consumer_group": "g"} {
		if settings[name] == nil {
			settings[name] = value
		}
	}
	config, err := yaml.Marshal(map[string]any{"input": map[string]any{"s3_destination_kafka": settings}})
	if err != nil {
		return "", fmt.Errorf("writing yaml: %w", err)
	}
	return string(config), nil
}

// receiving makes a configuration of settings of the HTTP input.
func receiving(settings map[string]any) (string, error) {
	if settings["address"] == nil {
		settings["address"] = "127.0.0.1:4196"
	}
	config, err := yaml.Marshal(map[string]any{"input": map[string]any{"s3_destination_http": settings}})
	if err != nil {
		return "", fmt.Errorf("writing yaml: %w", err)
	}
	return string(config), nil
}

// scanning makes a configuration of settings of the scanner.
func scanning(settings map[string]any) (string, error) {
	scanner := map[string]any{"s3_destination_records": settings}
	config, err := yaml.Marshal(map[string]any{"input": map[string]any{"stdin": map[string]any{"scanner": scanner}}})
	if err != nil {
		return "", fmt.Errorf("writing yaml: %w", err)
	}
	return string(config), nil
}

// companions are what some settings need beside them to mean anything.
var companions = map[string]map[string]any{
	"auth":     {"mode": "assume_role"},
	"schema":   {"mode": "fixed"},
	"batching": {"count": 10},
}

// nest puts a value where its field is: list elements are marked with [].
func nest(steps []string, value map[string]any) map[string]any {
	for i := len(steps) - 1; i >= 0; i-- {
		name, list := strings.CutSuffix(steps[i], "[]")
		var inner any = value
		if list {
			inner = []any{value}
		}
		value = map[string]any{name: inner}
		if i > 0 {
			continue
		}
		if child, ok := inner.(map[string]any); ok {
			for k, v := range companions[name] {
				if child[k] == nil {
					child[k] = v
				}
			}
		}
	}
	return value
}
