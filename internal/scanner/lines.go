package scanner

import "bytes"

// lines cuts at line ends.
type lines struct{ looked int }

func (l *lines) split(data []byte, end bool) (piece, error) {
	i := bytes.IndexByte(data[l.looked:], '\n')
	if i < 0 && (!end || len(data) == 0) {
		l.looked = len(data)
		return piece{}, nil
	}
	length, used := l.looked+i, l.looked+i+1
	if i < 0 {
		length, used = len(data), len(data)
	}
	l.looked = 0
	line := bytes.TrimSuffix(data[:length:length], []byte{'\r'})
	if len(line) == 0 {
		return piece{used: used}, nil
	}
	return piece{used: used, record: line, length: len(line)}, nil
}
