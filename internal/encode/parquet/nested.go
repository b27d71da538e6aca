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

// empty adds a list without elements.
func (w *writer) empty(n *node, rep uint8) {
	for _, c := range n.leaves {
		c.null(rep, n.def)
	}
}
