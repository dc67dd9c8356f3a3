package dataset

func loadTable(path string, o Options) (*Set, error) { return nil, nil }
