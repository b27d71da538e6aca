package parquet

import "github.com/s3-destination/s3-destination/internal/jsonscan"

func (w *writer) json(n *node, rep uint8) error {
	raw, err := w.cursor.Skip()
	if err != nil {
		return err
	}
	w.scratch = jsonscan.AppendCompact(w.scratch[:0], raw)
	n.column.addBytes(rep, w.scratch)
	return nil
}

func (w *writer) list(n *node, rep uint8) error {
	c := &w.cursor
	if err := c.EnterArray(); err != nil {
		return err
	}
	w.rescue.Enter()
	items := 0
	for ; ; items++ {
		ok, err := c.NextElement()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		w.rescue.Item(items)
		if err := w.value(n.elem, rep); err != nil {
			return err
		}
		rep = n.rep
	}
	if items == 0 {
		w.empty(n, rep)
	}
	w.rescue.Leave()
	return nil
}

// entries adds a map.
func (w *writer) entries(n *node, rep uint8) error {
	c := &w.cursor
	if err := c.EnterObject(); err != nil {
		return err
	}
	w.rescue.Enter()
	object, blank := w.keys.Object(), true
	for {
		key, ok, err := c.NextField()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if !w.keys.Add(object, key) {
			return errTwice
		}
		if err := w.key(n, rep, key); err != nil {
			return err
		}
		rep, blank = n.rep, false
	}
	if blank {
		w.empty(n, rep)
	}
	w.rescue.Leave()
	return nil
}

// key adds the key of an entry, and the value that the cursor is at.
func (w *writer) key(n *node, rep uint8, key []byte) error {
	if w.rescued != nil {
		w.rescue.Key(key)
	}
	n.keys.addBytes(rep, key)
	return w.value(n.elem, rep)
}

// empty adds a list or map that holds nothing.
func (w *writer) empty(n *node, rep uint8) {
	for _, c := range n.leaves {
		c.null(rep, n.def)
	}
}
