package top

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/s3-destination/s3-destination/internal/live"
)

// screen is what a view shows, without styles.
func screen(v *view) []string { return strings.Split(ansi.Strip(v.View().Content), "\n") }

// shown is a view in a terminal of that size.
func shown(t *testing.T, width, height int, answer func() (*live.State, error)) *view {
	t.Helper()
	v := newView(sample(), 1, answer)
	v.Update(tea.WindowSizeMsg{Width: width, Height: height})
	return v
}

func press(v *view, keys ...string) tea.Cmd {
	var next tea.Cmd
	for _, key := range keys {
		code, special := map[string]rune{"down": tea.KeyDown, "up": tea.KeyUp, "pgdown": tea.KeyPgDown, "pgup": tea.KeyPgUp, "end": tea.KeyEnd, "home": tea.KeyHome, "esc": tea.KeyEscape}[key]
		msg := tea.KeyPressMsg{Code: code}
		if !special {
			msg = tea.KeyPressMsg{Code: rune(key[0]), Text: key}
		}
		_, next = v.Update(msg)
	}
	return next
}

func TestViewFitsTheTerminal(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {200, 60}, {30, 5}, {1, 1}, {120, 10}} {
		v := shown(t, size[0], size[1], nil)
		lines := screen(v)
		assert.Len(t, lines, max(size[1], 2), "%v", size)
		for _, line := range lines {
			assert.LessOrEqual(t, ansi.StringWidth(line), size[0], "%v: %q", size, line)
		}
	}
	v := shown(t, 200, 60, nil)
	assert.True(t, v.View().AltScreen, "what was on the terminal comes back")
	text := strings.Join(screen(v), "\n")
	assert.Contains(t, text, "orders  parquet into bucket b")
	assert.Contains(t, text, "██████████░░░░░░░░░░  50 %")
	assert.NotContains(t, v.View().Content, "\x1b]", "names order nothing")
	assert.NotContains(t, v.View().Content, "\u009b")
	wide := ansi.StringWidth(screen(v)[15])
	v.Update(tea.WindowSizeMsg{Width: 90, Height: 60})
	assert.Less(t, ansi.StringWidth(screen(v)[15]), wide, "it follows the size")
}

func TestViewScrolls(t *testing.T) {
	v := shown(t, 100, 10, nil)
	first := screen(v)[0]
	assert.Contains(t, first, "s3-destination v1.2.3")
	press(v, "up")
	assert.Equal(t, first, screen(v)[0], "there is nothing above it")
	press(v, "down", "j")
	assert.Contains(t, screen(v)[0], "orders")
	press(v, "k", "k")
	assert.Equal(t, first, screen(v)[0])
	press(v, "pgdown")
	assert.Equal(t, 9, v.offset)
	press(v, "pgup")
	assert.Zero(t, v.offset)
	press(v, "end")
	assert.Contains(t, screen(v)[8], "behind")
	last := v.offset
	press(v, "down", "pgdown")
	assert.Equal(t, last, v.offset, "there is nothing below it")
	v.Update(tea.WindowSizeMsg{Width: 100, Height: 500})
	assert.Equal(t, first, screen(v)[0], "all of it has room now")
	press(v, "home")
	assert.Contains(t, screen(v)[499], fmt.Sprintf("(1 to %d of %d)", len(v.lines), len(v.lines)))
}

func TestViewIsSorted(t *testing.T) {
	v := shown(t, 200, 60, nil)
	order := func() string {
		var all []string
		for _, line := range screen(v) {
			if name, _, found := strings.Cut(strings.TrimSpace(line), " "); found && strings.HasPrefix(name, "in/") {
				all = append(all, name[:6])
			}
		}
		return strings.Join(all, " ")
	}
	assert.Equal(t, "in/old in/ful in/man", order())
	assert.Contains(t, screen(v)[59], "oldest first")
	press(v, "s")
	assert.Equal(t, "in/ful in/man in/old", order())
	assert.Contains(t, screen(v)[59], "fullest first")
}

func TestViewAsksAgainAndAgain(t *testing.T) {
	asked := 0
	answer := func() (*live.State, error) {
		asked++
		if asked == 2 {
			return nil, errors.New("asking: nothing listens there\x1b")
		}
		s := sample()
		s.Version = fmt.Sprint("v", asked)
		return s, nil
	}
	v := shown(t, 120, 30, answer)
	turn := func() {
		t.Helper()
		_, next := v.Update(due{})
		require.NotNil(t, next)
		_, next = v.Update(next())
		require.NotNil(t, next, "it goes on")
	}
	turn()
	assert.Contains(t, screen(v)[0], "s3-destination v1 ")
	turn()
	assert.Equal(t, "asking: nothing listens there·", strings.TrimSpace(screen(v)[0]))
	assert.Contains(t, screen(v)[1], "is old")
	assert.Contains(t, screen(v)[2], "s3-destination v1 ", "the last one is still shown")
	turn()
	assert.Contains(t, screen(v)[0], "s3-destination v3 ", "it answers again")
}

func TestViewIsPaused(t *testing.T) {
	v := shown(t, 120, 30, func() (*live.State, error) { return sample(), nil })
	assert.Nil(t, press(v, "p"))
	assert.Contains(t, screen(v)[29], "paused")
	_, next := v.Update(due{})
	assert.Nil(t, next, "nothing is asked")
	assert.NotNil(t, press(v, "p"), "at once")
	assert.Nil(t, press(v, "p"))
	assert.Nil(t, press(v, "p"), "a question is under way")
}

func TestViewEnds(t *testing.T) {
	for _, key := range []string{"q", "esc"} {
		next := press(shown(t, 80, 24, nil), key)
		require.NotNil(t, next)
		assert.Equal(t, tea.Quit(), next())
	}
}

func TestOfALongNameTheEndOfTheFolderIsShown(t *testing.T) {
	s := sample()
	s.Outputs[0].Partitions = []live.Partition{
		{Name: strings.Repeat("far/", 50) + "end/orders-{{chunk_id}}.json", State: "open"},
		{Name: "short/country=DE/orders-{{chunk_id}}-and-more.json", State: "open"},
		{Name: strings.Repeat("x", 100), State: "open"},
	}
	text := strings.Join(Lines(s, Look{Width: 110}), "\n")
	assert.Regexp(t, `(?m)^  …[far/]+/end/… +0\.0s.* open$`, text)
	assert.Regexp(t, `(?m)^  short/country=DE/… +0\.0s.* open$`, text)
	assert.Regexp(t, `(?m)^  …x+ +0\.0s.* open$`, text)
}

func TestABarThatIsNearlyFullIsRed(t *testing.T) {
	red := "\x1b[31m█"
	s := sample()
	assert.Contains(t, strings.Join(Lines(s, Look{Terminal: true}), "\n"), red, "95 % of the memory")
	s.Outputs[0].Held = 50
	assert.NotContains(t, strings.Join(Lines(s, Look{Terminal: true}), "\n"), red)
}
