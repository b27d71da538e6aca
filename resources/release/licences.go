package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/s3-destination/s3-destination/resources/release/internal/licence"
)

const (
	// licencesFile has the texts that a binary must be passed on with.
	licencesFile = "THIRD-PARTY-LICENCES.txt"
	rulesFile    = "resources/release/licences.allow"
)

// errNotAllowed ends licence-check when it found something, which it has
// printed.
var errNotAllowed = errors.New("see above")

func readRules(tree string) (*licence.Rules, error) {
	text, err := os.ReadFile(filepath.Join(tree, rulesFile))
	if err != nil {
		return nil, fmt.Errorf("reading which licences are allowed: %w", err)
	}
	rules, err := licence.ParseRules(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", rulesFile, err)
	}
	return rules, nil
}

// listed is what is linked into a target.
type listed struct {
	target
	inventory *licence.Inventory
}

// listAll lists what every binary of a release is made of, from the working
// tree.
func listAll(ctx context.Context) ([]listed, error) {
	var all []listed
	lister := licence.NewLister()
	for _, t := range targets(platforms) {
		inv, err := lister.List(ctx, licence.Build{Dir: ".", Package: command, Env: t.env(), Tags: t.tags})
		if err != nil {
			return nil, fmt.Errorf("%s for %s: %w", t.name, t.platform, err)
		}
		all = append(all, listed{t, inv})
	}
	return all, nil
}

// printLicences lists everything that is in any binary, and writes the texts
// to a folder.
func printLicences(ctx context.Context, dir string, out io.Writer) error {
	all, err := listAll(ctx)
	if err != nil {
		return err
	}
	inventories := make([]*licence.Inventory, len(all))
	for i := range all {
		inventories[i] = all[i].inventory
	}
	merged := licence.Merge(inventories...)
	if err := merged.WriteTable(out); err != nil {
		return err
	}
	var texts bytes.Buffer
	if err := merged.WriteTexts(&texts, "Third-party software in "+name+", on any platform"); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making room for the licences: %w", err)
	}
	path := filepath.Join(dir, licencesFile)
	if err := os.WriteFile(path, texts.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing the licences: %w", err)
	}
	_, _ = fmt.Fprintf(out, "\n%d modules in %d binaries; their texts are in %s\n", len(merged.Modules), len(all), path)
	return nil
}

// checkLicences holds what is linked against the list of what is allowed, and
// NOTICE against what is linked.
func checkLicences(ctx context.Context, out io.Writer) error {
	rules, err := readRules(".")
	if err != nil {
		return err
	}
	notice, err := os.ReadFile("NOTICE")
	if err != nil {
		return fmt.Errorf("reading NOTICE: %w", err)
	}
	all, err := listAll(ctx)
	if err != nil {
		return err
	}
	wrong := map[string][]string{} // what is wrong, in which binaries
	var order []string
	note := func(where, what string) {
		if wrong[what] == nil {
			order = append(order, what)
		}
		wrong[what] = append(wrong[what], where)
	}
	modules := map[string]bool{}
	for _, l := range all {
		where := l.name + " for " + l.String()
		for _, what := range append(rules.Check(l.inventory, l.name), rules.CheckNotice(string(notice), l.inventory)...) {
			note(where, what)
		}
		for _, m := range l.inventory.Modules {
			modules[m.Path] = true
		}
	}
	for _, what := range rules.Unused() {
		note(rulesFile, what)
	}
	for _, what := range order {
		where := strings.Join(wrong[what], ", ")
		if len(wrong[what]) == len(all) {
			where = "every binary"
		}
		_, _ = fmt.Fprintf(out, "%s\n    %s\n", what, where)
	}
	if len(order) > 0 {
		_, _ = fmt.Fprintf(out, "What is allowed is in %s; make licences prints what is linked.\n", rulesFile)
		return errNotAllowed
	}
	_, _ = fmt.Fprintf(out, "%d modules in %d binaries: all licences are allowed, and NOTICE names them\n", len(modules), len(all))
	return nil
}
