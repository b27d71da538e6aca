package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/s3-destination/s3-destination/resources/docsrun"
)

const (
	root = "."
	page = "docs/reading.md"
)

func main() {
	binary := flag.String("binary", "bin/s3-destination", "the built binary")
	python := flag.String("python", "", "a Python with the engines; what it lacks is skipped")
	jars := flag.String("jars", "", "a directory with packages of Spark")
	update := flag.Bool("update", false, "write what the engines print into the page")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *binary, *python, *jars, *update)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "reading:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary, python, jars string, update bool) error {
	recipes, err := read(page)
	if err != nil {
		return err
	}
	l, err := writeLake(ctx, binary)
	if err != nil {
		return err
	}
	defer l.close()
	fmt.Printf("%d objects, %d records in each of %d formats\n", l.objects, l.records, l.formats)
	var problems []error
	var fresh map[int]string // outputs by the line of their fence
	if update {
		fresh = map[int]string{}
	}
	for _, e := range engines {
		mine := recipes[e.name]
		if len(mine) == 0 {
			problems = append(problems, fmt.Errorf("%s has no recipe for %s", page, e.name))
			continue
		}
		if reason := e.missing(ctx, python, jars); reason != "" {
			fmt.Printf("SKIP %s: %s\n", e.name, reason)
			continue
		}
		problems = append(problems, e.run(ctx, python, jars, l, mine, fresh))
	}
	if update {
		return errors.Join(errors.Join(problems...), rewrite(page, fresh))
	}
	return errors.Join(problems...)
}

// recipe is a fence with the lines that it prints.
type recipe struct {
	docsrun.Fence
	prints string
	// outLine is the line of the page on which the fence with the output
	// begins.
	outLine int
}

// read finds the recipes of the page by engine: the heading that they are
// below.
func read(page string) (map[string][]recipe, error) {
	fences, err := docsrun.Fences(root)
	if err != nil {
		return nil, err
	}
	found := map[string][]recipe{}
	for i, f := range fences {
		if f.Page != page || f.Lang != "sql" && f.Lang != "python" || notRun(f.Heading) {
			continue
		}
		if i+1 == len(fences) || fences[i+1].Page != page || fences[i+1].Lang != "" {
			return nil, fmt.Errorf("%s: a fence with the output must follow", f)
		}
		found[f.Heading] = append(found[f.Heading], recipe{Fence: f, prints: fences[i+1].Text, outLine: fences[i+1].Line})
	}
	return found, nil
}

// notRun tells the engines that cannot be run here.
func notRun(heading string) bool {
	return strings.HasPrefix(heading, "Athena") || strings.HasPrefix(heading, "Snowflake")
}

// rewrite replaces the outputs that the page shows below recipes.
func rewrite(page string, fresh map[int]string) error {
	path := filepath.Join(root, page)
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.Split(string(old), "\n")
	for _, at := range slices.Backward(slices.Sorted(maps.Keys(fresh))) { // from the end, so that lines keep their numbers
		end := at
		for !strings.HasPrefix(lines[end], "```") {
			end++
		}
		lines = slices.Concat(lines[:at], strings.Split(fresh[at], "\n"), lines[end:])
	}
	return os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o644)
}
