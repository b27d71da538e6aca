// Package changelog reads a CHANGELOG.md in the form of Keep a Changelog: a
// section of the second level for each version, the newest first.
package changelog

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Unreleased is the name of the section of what is yet to come.
const Unreleased = "Unreleased"

// Entry is the section of a version.
type Entry struct {
	Version string
	Date    time.Time // zero for Unreleased
	Body    string
}

var (
	heading = regexp.MustCompile(`^## \[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?\s*$`)
	// kinds are the headings that a section may have.
	kinds = []string{"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
	link  = regexp.MustCompile(`^\[[^\]]+\]: `)
)

// Parse returns the sections in order, or what is wrong with the form.
func Parse(text string) ([]Entry, error) {
	var entries []Entry
	for n, line := range strings.Split(text, "\n") {
		switch {
		case strings.HasPrefix(line, "## "):
			e, err := begin(line, entries)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", n+1, err)
			}
			entries = append(entries, e)
			continue
		case strings.HasPrefix(line, "### "):
			if kind := strings.TrimSpace(line[4:]); !slices.Contains(kinds, kind) {
				return nil, fmt.Errorf("line %d: %q is not one of %s", n+1, kind, strings.Join(kinds, ", "))
			}
		}
		if len(entries) > 0 && !link.MatchString(line) {
			entries[len(entries)-1].Body += line + "\n"
		}
	}
	for i := range entries {
		entries[i].Body = strings.TrimSpace(entries[i].Body)
	}
	return entries, nil
}

func begin(line string, before []Entry) (Entry, error) {
	m := heading.FindStringSubmatch(line)
	if m == nil {
		return Entry{}, fmt.Errorf("%q is not of the form ## [1.2.3] - 2006-01-02", line)
	}
	e := Entry{Version: m[1]}
	if slices.ContainsFunc(before, func(b Entry) bool { return b.Version == e.Version }) {
		return Entry{}, fmt.Errorf("the version %s has two sections", e.Version)
	}
	if e.Version == Unreleased {
		if len(before) > 0 {
			return Entry{}, fmt.Errorf("%s is not the first section", Unreleased)
		}
		return e, nil
	}
	date, err := time.Parse(time.DateOnly, m[2])
	if err != nil {
		return Entry{}, fmt.Errorf("the version %s has no date", e.Version)
	}
	if last := len(before) - 1; last >= 0 && before[last].Version != Unreleased && before[last].Date.Before(date) {
		return Entry{}, fmt.Errorf("%s is newer than %s above it", e.Version, before[last].Version)
	}
	e.Date = date
	return e, nil
}

// Find returns the section of a version, or an error that says how to make it.
func Find(entries []Entry, version string) (Entry, error) {
	at := slices.IndexFunc(entries, func(e Entry) bool { return e.Version == version })
	if at < 0 {
		return Entry{}, fmt.Errorf("the change log has no section for %s: rename [%s] to [%s] - DATE, and begin a new [%s] above it",
			version, Unreleased, version, Unreleased)
	}
	if entries[at].Body == "" {
		return Entry{}, fmt.Errorf("the section of %s in the change log is empty", version)
	}
	return entries[at], nil
}
