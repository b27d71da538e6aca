package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/config"
	"github.com/s3-destination/s3-destination/internal/jsonschema"
	"github.com/s3-destination/s3-destination/internal/sizing"
	_ "github.com/s3-destination/s3-destination/plugin"
	_ "github.com/s3-destination/s3-destination/plugin/kafka"
)

// dir is where the pages go, below the root of the repository.
const dir = "docs/reference"

func main() {
	if err := errors.Join(run(dir), draw(".", "docs/architecture.md"), plot(benchmarks, picture)); err != nil {
		fmt.Fprintln(os.Stderr, "docgen:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	return errors.Join(write(dir, config.Name), write(dir, sizing.OwnKafka), write(dir, sizing.OwnHTTP), write(dir, sizing.OwnScanner))
}

// write writes the page and the schema of one component.
func write(dir, name string) error {
	s, err := registered(name)
	if err != nil {
		return err
	}
	if missing := undescribed("", s.Config.Children); len(missing) > 0 {
		return fmt.Errorf("fields of %s without a description: %v", name, missing)
	}
	schema, err := jsonschema.Of(&s)
	if err != nil {
		return fmt.Errorf("making the JSON schema: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making room for the pages: %w", err)
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, s.Name+".md"), pageOf(s), 0o644),
		os.WriteFile(filepath.Join(dir, s.Name+".schema.json"), schema, 0o644),
	)
}

// registered reads the specification of an output, an input or a scanner as Benthos tells
// it.
func registered(name string) (spec, error) {
	var s spec
	view, ok := service.GlobalEnvironment().GetOutputConfig(name)
	if !ok {
		view, ok = service.GlobalEnvironment().GetInputConfig(name)
	}
	if !ok {
		view, ok = service.GlobalEnvironment().GetScannerConfig(name)
	}
	if !ok {
		return s, fmt.Errorf("nothing is registered as %s", name)
	}
	text, err := view.FormatJSON()
	if err != nil {
		return s, fmt.Errorf("reading the specification: %w", err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("reading the specification: %w", err)
	}
	return s, nil
}
