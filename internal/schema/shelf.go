package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Shelf keeps the columns of datasets where other processes find them, too. It
// decides how long it tries; its methods return an error when it has given up.
type Shelf interface {
	// Read returns what is kept for a dataset, and which version that is: none
	// where nothing is kept.
	Read(dataset string) (text []byte, version string, err error)
	// Write replaces that version, or makes the first one where it is empty, and
	// returns the new one. It is ErrMoved when another process was faster.
	Write(dataset string, text []byte, version string) (string, error)
}

// ErrMoved says that what a process wants to replace is not what it has read.
var ErrMoved = errors.New("another process has written it meanwhile")

// shelved is what a memory knows of its place on the shelf.
type shelved struct {
	read    sync.Once
	version string
	others  []json.RawMessage // what is kept beside our columns
	kept    string            // fingerprint of our columns, as they are kept
	failed  string            // fingerprint of those that could not be kept
	tried   time.Time         // when that was
}

// shelfPause is how long columns that could not be kept are not tried again,
// unless others come.
const shelfPause = time.Minute

// mostRounds is how often others may be faster. Each of them has brought the columns
// further; only a store that refuses every write goes on for longer.
const mostRounds = 100

// Keep has the columns of each dataset kept on a shelf. Outputs of several formats
// may share it: of each dataset it keeps columns for each of them. It is called
// before the first record.
func (r *Registry) Keep(s Shelf, format string) { r.shelf, r.format = s, format }

// fetch begins with what others have learned, the first time. Without it a memory
// begins with the declared columns; what it adds to them meets those of others when
// it is written.
func (m *Memory) fetch() {
	if m.registry.shelf == nil {
		return
	}
	m.shelved.read.Do(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if err := m.take(); err != nil {
			m.registry.unsaved(err)
			return
		}
		if m.registry.config.FieldIDs { // which declared columns have got, and keep
			m.commit(func() *node { return m.root.clone() })
			return
		}
		m.publish(m.shape(m.root))
		m.registry.resize(m)
	})
}

// take makes what is kept the ground that the memory stands on, together with what
// it knows itself. The caller publishes it.
func (m *Memory) take() error {
	r := m.registry
	text, version, err := r.shelf.Read(m.dataset.Name())
	if err != nil {
		return err
	}
	at := &m.shelved
	at.version, at.others, at.kept = version, nil, ""
	if version == "" {
		return nil
	}
	kept, err := m.sort(text)
	if err != nil {
		at.version = ""
		return fmt.Errorf("what is kept of dataset %q: %w", m.dataset.Name(), err)
	}
	root := m.tree(kept)
	root.join(m.root, m.meeting())
	root.ID = max(root.ID, m.root.ID) // no number is used again
	m.root = root
	at.kept = NewSchema(kept.fields).fingerprint
	return nil
}

// sort finds our columns among those that are kept, and puts the others aside.
func (m *Memory) sort(text []byte) (kept remembered, err error) {
	all, err := parseState(text)
	if err != nil {
		return kept, err
	}
	for _, d := range all {
		if d.Dataset != m.dataset.Name() || d.Schema != m.identity || d.Format != m.registry.format {
			m.shelved.others = append(m.shelved.others, d.text)
			continue
		}
		kept.lastID = d.LastID
		if kept.fields, err = fieldsOfState(d.Fields, m.registry.config.Columns); err != nil {
			return kept, err
		}
	}
	return kept, nil
}

// agree learns until what was learned is kept on the shelf: when another process was
// faster it takes what that one knows, and learns anew on top of it. When the shelf
// gives up, the memory goes on with what it has.
func (m *Memory) agree(learn func() *node) (*node, *Schema) {
	at := &m.shelved
	for round := 1; ; round++ {
		scratch := learn()
		s := m.shape(scratch)
		if s.fingerprint == at.kept || s.fingerprint == at.failed && time.Since(at.tried) < shelfPause {
			return scratch, s
		}
		err := m.put(s, scratch.ID)
		if err == nil {
			return scratch, s
		}
		if errors.Is(err, ErrMoved) && round < mostRounds {
			if err = m.take(); err == nil {
				continue
			}
		}
		at.failed, at.tried = s.fingerprint, time.Now()
		m.registry.unsaved(err)
		return scratch, s
	}
}

// put writes a schema onto the shelf, with the last number that a field has.
func (m *Memory) put(s *Schema, lastID int) error {
	r, at := m.registry, &m.shelved
	own, err := json.Marshal(stateSchema{
		Dataset: m.dataset.Name(), Schema: m.identity, Format: r.format, LastID: lastID, Fields: stateFields(s.Fields),
	})
	if err != nil {
		return err
	}
	text, err := stateText(append(slices.Clone(at.others), own))
	if err != nil {
		return err
	}
	version, err := r.shelf.Write(m.dataset.Name(), text, at.version)
	if err == nil {
		at.version, at.kept, at.failed = version, s.fingerprint, ""
	}
	return err
}

// meeting are the rules by which two processes meet.
func (m *Memory) meeting() *rules {
	return &rules{mismatch: m.policy.Mismatch, numbers: m.rules.numbers, zone: m.rules.zone, maps: m.rules.maps}
}

// join makes room in a group for all that another one has room for. What it has
// stays where it is, and what it has not follows.
func (n *node) join(o *node, r *rules) {
	columns := make(map[string]bool, len(n.members))
	for _, m := range n.members {
		columns[foldedColumn(m)] = true
	}
	for _, m := range o.members {
		if mine := n.index[m.Name]; mine != nil {
			mine.meet(m, r)
			for _, alias := range mine.Aliases {
				n.index[alias] = mine
			}
			continue
		}
		added := m.clone()
		added.named = added.named && !columns[foldedColumn(added)]
		added.strip()
		n.attach(added)
	}
}

// meet makes room in a node for what another one at the same place has room for, and
// reports whether that is of another sort.
func (n *node) meet(o *node, r *rules) (conflict bool) {
	n.Optional = n.Optional || o.Optional
	for _, alias := range o.Aliases {
		if !slices.Contains(n.Aliases, alias) {
			n.Aliases = append(slices.Clip(n.Aliases), alias)
		}
	}
	switch {
	case n.Type == Group && o.Type == Group:
		n.join(o, r)
	case n.Type == List && o.Type == List:
		if n.element.meet(o.element, r) {
			n.mixed(r)
		}
	case n.Type == Map && o.Type == Map:
		n.element.meet(o.element, r)
	default:
		conflict = n.merge(o, r)
		n.Round = n.Round || n.Type == Double && o.Type == Double && o.Round
	}
	return conflict
}

// foldedColumn is the name in files, for those who do not tell upper from lower case.
func foldedColumn(n *node) string { return strings.ToLower(n.ColumnName()) }

// strip takes the names of Avro records and the numbers of fields away, which another
// process may have given to others.
func (n *node) strip() {
	n.Record, n.ID, n.KeyID = "", 0, 0
	for _, m := range n.members {
		m.strip()
	}
	if n.element != nil {
		n.element.strip()
	}
}
