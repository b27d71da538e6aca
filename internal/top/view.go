package top

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/s3-destination/s3-destination/internal/live"
)

// Client is who asks: a process that does not answer soon is shown as one that does
// not.
func Client() *http.Client { return &http.Client{Timeout: 5 * time.Second} }

// Show draws the state of a process in a terminal, asked for again and again, until
// the user ends it. The first state is there already.
func Show(ctx context.Context, from Address, first *live.State, every time.Duration, in io.Reader, out io.Writer) error {
	v := newView(first, every, func() (*live.State, error) {
		s, _, err := from.Ask(ctx, Client())
		return s, err
	})
	_, err := tea.NewProgram(v, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out)).Run()
	if err != nil && !errors.Is(err, tea.ErrInterrupted) && ctx.Err() == nil {
		return fmt.Errorf("showing the state in this terminal: %w", err)
	}
	return nil
}

// view is what the terminal shows. It implements tea.Model.
type view struct {
	ask   func() (*live.State, error)
	every time.Duration

	state  *live.State
	err    error // of the last question
	order  Order
	paused bool
	asking bool // a question is under way, or due
	// width and height are those of the terminal, 0 before they are known.
	width, height int
	lines         []string
	offset        int // of the first line that is shown
}

var _ tea.Model = (*view)(nil)

func newView(first *live.State, every time.Duration, ask func() (*live.State, error)) *view {
	cleanAll(first)
	return &view{ask: ask, every: every, state: first, asking: true}
}

// answered is the answer to a question, due that it is time for another one.
type (
	answered struct {
		state *live.State
		err   error
	}
	due struct{}
)

// Init implements tea.Model.
func (v *view) Init() tea.Cmd { return v.later() }

func (v *view) later() tea.Cmd {
	return tea.Tick(v.every, func(time.Time) tea.Msg { return due{} })
}

// Update implements tea.Model.
func (v *view) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var next tea.Cmd
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		v.width, v.height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		next = v.press(msg.String())
	case due:
		v.asking = !v.paused
		if v.asking {
			next = v.question
		}
	case answered:
		if v.err = msg.err; msg.state != nil {
			cleanAll(msg.state)
			v.state = msg.state
		}
		next = v.later()
	}
	v.draw()
	return v, next
}

// question asks the process.
func (v *view) question() tea.Msg {
	state, err := v.ask()
	return answered{state, err}
}

// press does what a key asks for.
func (v *view) press(key string) tea.Cmd {
	switch key {
	case "q", "esc", "ctrl+c":
		return tea.Quit
	case "up", "k":
		v.offset--
	case "down", "j":
		v.offset++
	case "pgup", "b":
		v.offset -= v.room()
	case "pgdown", "space", "f":
		v.offset += v.room()
	case "home", "g":
		v.offset = 0
	case "end", "G":
		v.offset = len(v.lines)
	case "s":
		v.order = v.order.next()
	case "p":
		v.paused = !v.paused
		if !v.paused && !v.asking {
			v.asking = true
			return v.question
		}
	}
	return nil
}

// room is how many lines of the state there is room for.
func (v *view) room() int { return max(v.height-1, 1) }

// draw makes the lines anew, and keeps those that are shown among them.
func (v *view) draw() {
	v.lines = nil
	look := Look{Width: v.width, Terminal: true, Order: v.order}
	if v.err != nil {
		d := &drawing{Look: look}
		d.line("%s", d.bad(Clean(v.err.Error())))
		d.line("%s", d.bad("What is below is old."))
		v.lines = d.lines
	}
	v.lines = append(v.lines, Lines(v.state, look)...)
	v.offset = max(min(v.offset, len(v.lines)-v.room()), 0)
}

// View implements tea.Model.
func (v *view) View() tea.View {
	end := min(v.offset+v.room(), len(v.lines))
	shown := append([]string{}, v.lines[v.offset:end]...)
	for len(shown) < v.room() {
		shown = append(shown, "")
	}
	screen := tea.NewView(strings.Join(append(shown, v.foot(end)), "\n"))
	screen.AltScreen = true
	screen.WindowTitle = "s3-destination top"
	return screen
}

// foot says which keys there are, and which lines are shown.
func (v *view) foot(end int) string {
	d := &drawing{Look: Look{Width: v.width, Terminal: true}}
	state := v.state.At.Local().Format(time.TimeOnly)
	if v.paused {
		state = "paused"
	}
	text := fmt.Sprintf("%s  q quit  p pause  s sort (%s)  arrows, PgUp, PgDn scroll (%d to %d of %d)", state, v.order, v.offset+1, end, len(v.lines))
	if v.width > 0 {
		text = ansi.Truncate(text, v.width, "…")
	}
	return d.soft(text)
}
