package docsrun

import (
	"slices"
	"strings"
)

// programs are the first words of lines that are commands, in fences without a
// language.
var programs = []string{"make", "go", "s3-destination", "git", "docker", "podman", "kubectl", "helm", "aws", "curl", "bin/s3-destination"}

// Commands returns the commands of a fence: the lines of sh fences, what
// follows a prompt in other ones, and the lines of a fence without a language
// that begin with a program. Continued lines are one command; comments are
// none.
func (f Fence) Commands() []string {
	var lines []string
	switch f.Lang {
	case "sh", "bash", "shell":
		lines = strings.Split(f.Text, "\n")
	case "console", "":
		for line := range strings.Lines(f.Text) {
			line = strings.TrimRight(line, "\n")
			if after, prompt := strings.CutPrefix(line, "$ "); prompt {
				lines = append(lines, after)
			} else if f.Lang == "" && slices.Contains(programs, firstWord(line)) {
				lines = append(lines, line)
			}
		}
	default:
		return nil
	}
	return join(lines)
}

func firstWord(line string) string {
	word, _, _ := strings.Cut(line, " ")
	return word
}

// join puts continued lines together: those that end in a backslash or a pipe,
// here documents, and compound commands until they are closed.
func join(lines []string) []string {
	var all []string
	current, here := "", ""
	for _, line := range lines {
		if here != "" {
			current += "\n" + line
			if strings.TrimSpace(line) == here {
				all, current, here = append(all, current), "", ""
			}
			continue
		}
		line = strings.TrimSpace(line)
		if current == "" && (line == "" || strings.HasPrefix(line, "#")) {
			continue
		}
		if current != "" {
			current += "\n"
		}
		current += line
		if i := strings.Index(line, "<<"); i >= 0 {
			here = strings.Trim(firstWord(strings.TrimLeft(line[i+2:], "- ")), `'"`)
			continue
		}
		if strings.HasSuffix(line, "\\") || strings.HasSuffix(line, "|") || strings.HasSuffix(line, "&&") {
			continue
		}
		all, current = append(all, current), ""
	}
	if current != "" {
		all = append(all, current)
	}
	return all
}
