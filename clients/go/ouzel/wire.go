package ouzel

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"
)

// Map is a message or a part of one. Its values are nil, bool, int64, float64, string, []byte, []any and Map.
type Map = map[string]any

const (
	maxDepth   = 16
	maxInteger = 1<<53 - 1
)

// Encode gives a message as msgpack, integers in their shortest form.
func Encode(message Map) ([]byte, error) {
	var frame bytes.Buffer
	encoder := msgpack.NewEncoder(&frame)
	encoder.UseCompactInts(true)
	encoder.SetSortMapKeys(true)
	err := encoder.Encode(message)
	return frame.Bytes(), err
}

// Decode reads the one map that a frame holds, and refuses whatever the protocol does not allow in it.
func Decode(frame []byte) (Map, error) {
	left := bytes.NewReader(frame)
	value, err := (&reader{msgpack.NewDecoder(left), left}).decode(0)
	if err != nil {
		return nil, fmt.Errorf("not a message: %w", err)
	}
	message, isMap := value.(Map)
	if !isMap {
		return nil, errors.New("not a message: not a map")
	}
	if left.Len() > 0 {
		return nil, fmt.Errorf("not a message: %d bytes after its end", left.Len())
	}
	return message, nil
}

// reader reads values off a frame, of which some bytes are left. The library's own DecodeInterface would take
// extensions, bytes as keys, and strings that are not UTF-8; and its DecodeBytes and DecodeString take the memory that
// a length asks for before they look whether so much is there.
type reader struct {
	*msgpack.Decoder
	left *bytes.Reader
}

func (from *reader) decode(depth int) (any, error) {
	code, err := from.PeekCode()
	if err != nil {
		return nil, err
	}
	switch {
	case code == msgpcode.Nil:
		return nil, from.DecodeNil()
	case code == msgpcode.False || code == msgpcode.True:
		return from.DecodeBool()
	case code == msgpcode.Float || code == msgpcode.Double:
		return from.DecodeFloat64()
	case msgpcode.IsString(code):
		return from.text()
	case msgpcode.IsBin(code):
		return from.bytes()
	case msgpcode.IsFixedArray(code) || code == msgpcode.Array16 || code == msgpcode.Array32:
		return from.array(depth + 1)
	case msgpcode.IsFixedMap(code) || code == msgpcode.Map16 || code == msgpcode.Map32:
		return from.members(depth + 1)
	case code == msgpcode.Uint64:
		number, err := from.DecodeUint64()
		return inRange(int64(min(number, maxInteger+1)), err)
	case msgpcode.IsFixedNum(code) || code >= msgpcode.Uint8 && code <= msgpcode.Int64:
		return inRange(from.DecodeInt64())
	}
	return nil, fmt.Errorf("type %#02x is not allowed", code)
}

func inRange(number int64, err error) (any, error) {
	if err == nil && (number > maxInteger || number < -maxInteger) {
		err = errors.New("an integer is outside of ±(2^53-1)")
	}
	return number, err
}

func (from *reader) bytes() ([]byte, error) {
	length, err := from.DecodeBytesLen() // of a string, too
	if err != nil {
		return nil, err
	}
	if length > from.left.Len() {
		return nil, io.ErrUnexpectedEOF
	}
	read := make([]byte, length)
	return read, from.ReadFull(read)
}

func (from *reader) text() (string, error) {
	text, err := from.bytes()
	if err == nil && !utf8.Valid(text) {
		err = errors.New("a string is not UTF-8")
	}
	return string(text), err
}

func (from *reader) array(depth int) (any, error) {
	length, err := from.DecodeArrayLen()
	if err == nil && depth > maxDepth {
		err = errors.New("nested too deep")
	}
	array := []any{}
	for i := 0; i < length && err == nil; i++ {
		var item any
		item, err = from.decode(depth)
		array = append(array, item)
	}
	return array, err
}

func (from *reader) members(depth int) (any, error) {
	length, err := from.DecodeMapLen()
	if err == nil && depth > maxDepth {
		err = errors.New("nested too deep")
	}
	members := Map{}
	for i := 0; i < length && err == nil; i++ {
		var code byte
		if code, err = from.PeekCode(); err != nil {
			break
		}
		if !msgpcode.IsString(code) {
			return nil, errors.New("a key is not a string")
		}
		var key string
		if key, err = from.text(); err == nil {
			members[key], err = from.decode(depth)
		}
	}
	return members, err
}
