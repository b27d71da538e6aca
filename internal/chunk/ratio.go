package chunk

// ratios remembers how many encoded bytes a raw byte becomes: for each
// partition, and for each kind as a fallback. It is guarded by the manager's
// lock.
type ratios struct {
	limit       int64 // the size cap
	kind        [kinds]float64
	byPartition map[partition]float64
	names       int64 // bytes of the keys
	most        int64 // and of them at most
}

const (
	// maxNames and namesShare bound the memory of partitions, in bytes and as a
	// part of the memory limit; time in a path makes new ones for ever.
	// Forgetting costs one estimate from the kind's ratio.
	maxNames, namesShare = 8 << 20, 32
	// nameSize is what a remembered partition takes beside its text.
	nameSize = 96
	// meaningful is the raw size from which a measurement counts in full.
	// Smaller objects are dominated by headers and say little, unless they
	// come near the cap.
	meaningful = 1 << 20
)

func newRatios(cfg Config) ratios {
	r := ratios{limit: cfg.MaxFileSize, kind: cfg.InitialRatio, byPartition: map[partition]float64{}, most: maxNames}
	if cfg.MemoryLimit > 0 {
		r.most = min(r.most, cfg.MemoryLimit/namesShare)
	}
	for i, v := range r.kind {
		if v <= 0 {
			r.kind[i] = 1
		}
	}
	return r
}

// of returns the ratio to expect.
func (r *ratios) of(p partition) float64 {
	p.lane = nil
	if known, ok := r.byPartition[p]; ok {
		return known
	}
	return r.kind[p.kind]
}

// memory is what the remembered partitions take.
func (r *ratios) memory() int64 { return r.names }

// learn takes an object of that many encoded bytes, made from raw bytes.
func (r *ratios) learn(p partition, raw, encoded int64) {
	if raw <= 0 || encoded <= 0 {
		return
	}
	p.lane = nil
	measured := float64(encoded) / float64(raw)
	trust := min(1, float64(raw)/meaningful)
	if r.limit > 0 {
		trust = max(trust, min(1, 4*float64(encoded)/float64(r.limit)))
	}
	weight := 0.7 * trust
	r.kind[p.kind] += weight * (measured - r.kind[p.kind])
	known, ok := r.byPartition[p]
	switch {
	case ok:
		r.byPartition[p] = known + weight*(measured-known)
	case trust >= 1.0/16:
		size := nameSize + int64(len(p.path)+len(p.schema))
		if r.names += size; r.names > r.most {
			clear(r.byPartition)
			r.names = size
		}
		r.byPartition[p] = measured
	}
}
