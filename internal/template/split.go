package template

import "strings"

// Split tells how the folder divides what is in it: how many of its leading parts
// between slashes are the same wherever the variables are that same holds for, and the
// names of those behind them, which are of the form name=value. Others counts those
// behind them that are not.
func (l *Layout) Split(same func(variable string) bool) (fixed int, named []string, others int) {
	type level struct {
		text           string // up to the first placeholder
		holds, differs bool
	}
	levels := []level{{}}
	for _, p := range l.parts[:l.fileStart] {
		last := &levels[len(levels)-1]
		if p.kind != kindLiteral {
			last.holds = true
			last.differs = last.differs || p.kind != kindVariable || !same(p.text)
			continue
		}
		for i, text := range strings.Split(p.text, "/") {
			if i > 0 {
				levels = append(levels, level{})
			}
			if last = &levels[len(levels)-1]; !last.holds {
				last.text += text
			}
		}
	}
	levels = levels[:len(levels)-1] // what follows the last slash is the name of the file
	for fixed < len(levels) && !levels[fixed].differs {
		fixed++
	}
	for _, at := range levels[fixed:] {
		name, _, pair := strings.Cut(at.text, "=")
		if !pair || name == "" {
			others++
			continue
		}
		named = append(named, name)
	}
	return fixed, named, others
}
