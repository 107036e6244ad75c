package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// describe fills the schema by the first records.
func (c *csvReader) describe(first []string, header bool) error {
	options := c.options
	columns := make([]Column, c.fields)
	records := c.ahead
	if header {
		records = records[1:]
	}
	names := map[string]bool{}
	for i := range columns {
		name := strconv.Itoa(i + 1)
		if header && first[i] != "" {
			name = strings.Clone(first[i])
		}
		if names[name] {
			return fmt.Errorf("line %d: two columns are called %s", c.ahead[0].line, quote(name))
		}
		names[name] = true
		columns[i] = Column{Name: name, Field: i, Kind: c.guessKind(i, records)}
	}
	target := c.fields - 1
	if options.Target != "" {
		var err error
		if target, err = find(columns, options.Target); err != nil {
			return fmt.Errorf("the target: %w", err)
		}
	}
	dropped := map[int]bool{target: true}
	for _, name := range options.Categories {
		i, err := find(columns, name)
		if err != nil {
			return err
		}
		columns[i].Kind = Category
	}
	for _, name := range options.Drop {
		i, err := find(columns, name)
		if err != nil {
			return err
		}
		if i == target {
			return fmt.Errorf("%s is the target, and cannot be dropped", columns[i].place())
		}
		dropped[i] = true
	}
	*c.schema = Schema{Format: CSV, Header: header, Fields: c.fields, Target: columns[target]}
	for i, column := range columns {
		if !dropped[i] {
			c.schema.Inputs = append(c.schema.Inputs, column)
			c.inputs = append(c.inputs, i)
		}
	}
	c.target = target
	c.setCodes()
	return nil
}

// find returns the column of a name or, if none has it, a number.
func find(columns []Column, name string) (int, error) {
	for i, column := range columns {
		if column.Name == name {
			return i, nil
		}
	}
	if n, err := strconv.Atoi(name); err == nil && 1 <= n && n <= len(columns) {
		return n - 1, nil
	}
	var names []string
	for _, column := range columns[:min(len(columns), maxPlaces)] {
		names = append(names, short(column.Name))
	}
	if len(columns) > maxPlaces {
		names = append(names, "…")
	}
	return 0, fmt.Errorf("%w: %s; there are %d: %s", ErrColumn, quote(name), len(columns), strings.Join(names, ", "))
}

// sharesNames tells whether a record has the name of an input.
func sharesNames(fields []string, schema *Schema) bool {
	names := make(map[string]bool, len(fields))
	for _, name := range fields {
		names[name] = true
	}
	return slices.ContainsFunc(schema.Inputs, func(c Column) bool { return names[c.Name] })
}

// matchNames finds the columns of the schema in a header.
func (c *csvReader) matchNames(header []string) error {
	places := make(map[string]int, len(header))
	for i, name := range header {
		if name == "" {
			name = strconv.Itoa(i + 1)
		}
		if _, twice := places[name]; twice {
			return fmt.Errorf("line %d: two columns are called %s", c.ahead[0].line, quote(name))
		}
		places[strings.Clone(name)] = i
	}
	for _, column := range c.schema.Inputs {
		field, found := places[column.Name]
		if !found {
			return fmt.Errorf("line %d: %w: %s, which the model needs", c.ahead[0].line, ErrColumn, quote(column.Name))
		}
		c.inputs = append(c.inputs, field)
	}
	c.target = -1
	if field, found := places[c.schema.Target.Name]; found {
		c.target = field
	}
	c.setCodes()
	return nil
}

// matchPlaces takes fields for columns by their places; the target may be left
// out.
func (c *csvReader) matchPlaces() error {
	target, gone := c.schema.Target.Field, c.schema.Fields
	c.target = target
	switch c.fields {
	case c.schema.Fields:
	case c.schema.Fields - 1:
		c.target, gone = -1, target
	default:
		return fmt.Errorf("line %d: %s; the model's table had %d, or %d without its target",
			c.ahead[0].line, count(c.fields, "field"), c.schema.Fields, c.schema.Fields-1)
	}
	for _, column := range c.schema.Inputs {
		field := column.Field
		if field > gone {
			field--
		}
		c.inputs = append(c.inputs, field)
	}
	c.setCodes()
	return nil
}

func (c *csvReader) setCodes() {
	for _, column := range c.schema.Inputs {
		c.codes = append(c.codes, codes(column))
	}
	c.codes = append(c.codes, codes(c.schema.Target))
}

// codes returns the numbers of a column's categories.
func codes(column Column) map[string]float64 {
	if column.Kind != Category {
		return nil
	}
	m := make(map[string]float64, len(column.Categories))
	for i, name := range column.Categories {
		m[name] = float64(i)
	}
	return m
}

// class returns the number of a class, or Unknown. Classes that were numbers
// are called as number writes them.
func class(codes map[string]float64, text string) float64 {
	if code, found := codes[text]; found {
		return code
	}
	if v, err := parse(text); err == nil {
		if code, found := codes[number(v)]; found {
			return code
		}
	}
	return Unknown
}
