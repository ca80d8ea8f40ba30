package ouzel

import (
	"bytes"
	"errors"
	"fmt"
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
	value, err := decode(msgpack.NewDecoder(left), 0)
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

// The library's own DecodeInterface would take extensions, bytes as keys, and strings that are not UTF-8.
func decode(from *msgpack.Decoder, depth int) (any, error) {
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
		return decodeText(from)
	case msgpcode.IsBin(code):
		return from.DecodeBytes()
	case msgpcode.IsFixedArray(code) || code == msgpcode.Array16 || code == msgpcode.Array32:
		return decodeArray(from, depth+1)
	case msgpcode.IsFixedMap(code) || code == msgpcode.Map16 || code == msgpcode.Map32:
		return decodeMap(from, depth+1)
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

func decodeText(from *msgpack.Decoder) (string, error) {
	text, err := from.DecodeString()
	if err == nil && !utf8.ValidString(text) {
		err = errors.New("a string is not UTF-8")
	}
	return text, err
}

func decodeArray(from *msgpack.Decoder, depth int) (any, error) {
	length, err := from.DecodeArrayLen()
	if err == nil && depth > maxDepth {
		err = errors.New("nested too deep")
	}
	array := []any{}
	for i := 0; i < length && err == nil; i++ {
		var item any
		item, err = decode(from, depth)
		array = append(array, item)
	}
	return array, err
}

func decodeMap(from *msgpack.Decoder, depth int) (any, error) {
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
		if key, err = decodeText(from); err == nil {
			members[key], err = decode(from, depth)
		}
	}
	return members, err
}
