package table

import (
	"fmt"
	"slices"
)

// describe fills the schema by the first records.
func (c *csvReader) describe(first []string, header bool) error {
	options := c.options
	columns := make([]Column, c.fields)
	records := c.ahead
	if header {
		records = records[1:]
	} else {
		first = nil
	}
	c.header = newHeader(first, c.fields)
	c.said = c.header.said()
	for i := range columns {
		columns[i] = Column{Name: c.header.names[i], Field: i, Kind: c.guessKind(i, records)}
	}
	if err := c.chooseTargets(columns); err != nil {
		return err
	}
	for _, name := range options.Categories {
		i, err := c.find(name)
		if err != nil {
			return err
		}
		columns[i].Kind = Category
	}
	taken, err := c.chooseInputs(columns)
	if err != nil {
		return err
	}
	*c.schema = Schema{Format: CSV, Header: header, Fields: c.fields}
	for _, target := range c.targets {
		c.schema.Targets = append(c.schema.Targets, columns[target])
	}
	if c.weight >= 0 {
		c.schema.Weight = &columns[c.weight]
		c.schema.Weight.Kind = Number
	}
	for i, column := range columns {
		if !taken[i] {
			c.schema.Inputs = append(c.schema.Inputs, column)
			c.inputs = append(c.inputs, i)
		}
	}
	c.setCodes()
	return nil
}

// chooseInputs returns which columns are no inputs: the targets, the weight and those to
// drop; and finds those to keep.
func (c *csvReader) chooseInputs(columns []Column) (taken map[int]bool, err error) {
	taken = map[int]bool{c.weight: true}
	for _, target := range c.targets {
		taken[target] = true
	}
	for _, name := range c.options.Drop {
		i, err := c.find(name)
		switch {
		case err != nil:
			return nil, err
		case slices.Contains(c.targets, i):
			return nil, fmt.Errorf("%s is the target, and cannot be dropped", columns[i].place())
		case i == c.weight:
			return nil, fmt.Errorf("%s is the weight, and cannot be dropped", columns[i].place())
		}
		taken[i] = true
	}
	c.kept = map[int]bool{}
	for _, name := range c.options.Keep {
		i, err := c.find(name)
		switch {
		case err != nil:
			return nil, err
		case taken[i]:
			return nil, fmt.Errorf("%s is a target, the weight or dropped, and cannot be kept as an input", columns[i].place())
		}
		c.kept[i] = true
	}
	return taken, nil
}

// chooseTargets finds the targets, and the weight if there is one.
func (c *csvReader) chooseTargets(columns []Column) error {
	c.weight = -1
	if name := c.options.Weight; name != "" {
		var err error
		if c.weight, err = c.find(name); err != nil {
			return fmt.Errorf("the weight: %w", err)
		}
	}
	for _, name := range c.options.Targets {
		target, err := c.find(name)
		switch {
		case err != nil:
			return fmt.Errorf("the target: %w", err)
		case target == c.weight:
			return fmt.Errorf("%s is the weight, and cannot be a target", columns[target].place())
		case slices.Contains(c.targets, target):
			return fmt.Errorf("%s is a target twice", columns[target].place())
		}
		c.targets = append(c.targets, target)
	}
	if c.targets == nil {
		last := c.fields - 1
		if last == c.weight && last > 0 {
			last--
		}
		c.targets = []int{last}
	}
	return nil
}

// find returns the column that an option means.
func (c *csvReader) find(name string) (int, error) {
	place, said, err := c.header.find(name)
	if said != "" && !slices.Contains(c.said, said) {
		c.said = append(c.said, said)
	}
	return place, err
}

// matchNames finds the columns of the schema in a header. Targets and the weight
// may be absent.
func (c *csvReader) matchNames(record []string) error {
	c.header = newHeader(record, c.fields)
	line, names := c.ahead[0].line, map[string]bool{}
	for _, column := range c.schema.columns() {
		names[column.Name] = true
	}
	fields := c.schema.Fields
	for _, column := range c.schema.columns()[len(c.schema.Inputs):] {
		if len(c.header.alike(column.Name)) == 0 {
			fields-- // a target that this table does not have
		}
	}
	match := func(column Column) (int, error) {
		place, said, err := c.header.match(column, names, fields)
		if err != nil {
			return place, fmt.Errorf("line %d: %w", line, err)
		}
		if said != "" {
			c.said = append(c.said, said)
		}
		return place, nil
	}
	for _, column := range c.schema.Inputs {
		place, err := match(column)
		if err == nil && place < 0 {
			err = fmt.Errorf("line %d: %w: %s, which the model needs; there are %d: %s", line, ErrColumn, quote(column.Name), c.fields, c.header.list(column.Name))
		}
		if err != nil {
			return err
		}
		c.inputs = append(c.inputs, place)
	}
	for _, target := range c.schema.Targets {
		place, err := match(target)
		if err != nil {
			return err
		}
		c.targets = append(c.targets, place)
	}
	c.weight = -1
	if c.schema.Weight != nil {
		var err error
		if c.weight, err = match(*c.schema.Weight); err != nil {
			return err
		}
	}
	c.setCodes()
	return nil
}

// matchPlaces takes fields for columns by their places. The targets may be left
// out, and the weight with them.
func (c *csvReader) matchPlaces() error {
	var gone []int // fields of the schema that this table does not have
	targets := fieldsOf(c.schema.Targets)
	all := targets
	if c.schema.Weight != nil {
		all = append(slices.Clone(targets), c.schema.Weight.Field)
	}
	if c.schema.Header {
		c.said = append(c.said, "without a header: the model's columns are taken by their places")
	}
	switch c.fields {
	case c.schema.Fields:
	case c.schema.Fields - len(targets):
		gone = targets
	case c.schema.Fields - len(all):
		gone = all
	default:
		without := "without its " + plural(len(targets), "target")
		if c.schema.Weight != nil {
			without += " and weight"
		}
		return fmt.Errorf("line %d: %s; the model's table had %d, or %d %s",
			c.ahead[0].line, count(c.fields, "field"), c.schema.Fields, c.schema.Fields-len(all), without)
	}
	if gone != nil {
		missing := c.schema.columns()[len(c.schema.Inputs):][:len(gone)] // the targets, and the weight behind them
		c.said = append(c.said, fmt.Sprintf("%s: the model's %d without %s", count(c.fields, "field"), c.schema.Fields, places(missing, sequence(len(gone)))))
	}
	place := func(field int) int {
		if slices.Contains(gone, field) {
			return -1
		}
		before := 0
		for _, other := range gone {
			if other < field {
				before++
			}
		}
		return field - before
	}
	for _, column := range c.schema.Inputs {
		c.inputs = append(c.inputs, place(column.Field))
	}
	for _, target := range targets {
		c.targets = append(c.targets, place(target))
	}
	c.weight = -1
	if c.schema.Weight != nil {
		c.weight = place(c.schema.Weight.Field)
	}
	c.setCodes()
	return nil
}

func fieldsOf(columns []Column) (fields []int) {
	for _, column := range columns {
		fields = append(fields, column.Field)
	}
	return fields
}

func (c *csvReader) setCodes() {
	for _, column := range slices.Concat(c.schema.Inputs, c.schema.Targets) {
		c.codes = append(c.codes, codes(column))
	}
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

func (c *csvReader) sentences() []string {
	said := c.said
	if more := len(said) - maxPlaces; c.fixed && more > 0 {
		said = append(slices.Clone(said[:maxPlaces]), fmt.Sprintf("and the like of %d more columns", more))
	}
	return slices.Concat(said, c.notes)
}
