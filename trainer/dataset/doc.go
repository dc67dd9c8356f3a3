// Package dataset loads what models are trained on, prepares it, and says what it is.
//
// Load reads one source: a set of images in the IDX format of MNIST, or a table (CSV, ARFF) with a
// column of classes. It gives a Set: training rows, test rows where the source has them, and an
// Info that can be kept without the rows. Test rows are held apart here, before anybody makes
// folds.
//
// # One copy
//
// A set is read-only. Every worker and every fold looks at the one flat copy through a View, which
// is rows and an index. Images stay bytes (60,000 of them take 47 MB) and become floats only when
// a batch is gathered, by the affine map that Preprocessing.Affine gives. Tables are small;
// a View encodes them once.
//
// # Preprocessing
//
// FitPreprocessing learns from the training rows of a fold alone: means and deviations, and the
// levels of a category, each of which becomes a feature (one-hot). A level met later that training
// did not know is all zeros, counted in View.Unknown. The result is all that is needed to predict
// on raw input, and travels in the model file.
//
// # Tables
//
// golearn reads the values. Its readers panic on bad input, or silently stop, so a survey goes over the
// file first and finds what is wrong and where: ragged rows, missing values, undeclared or too many
// values, records without end. A column is numeric where every value of the training file is a
// finite number, else categorical. Classes are numbered in sorted order, numbers by value and words
// by bytes, and so are levels and groups.
//
// The training file is the whole of it: with test_fraction, rows that are then held apart have a say
// in the kinds of columns and the list of classes, as with limit those that are left out do. That is
// a decision. A kind belongs to the file's schema, not to what is learned of it, so it must not
// change with the seed that draws the test rows; and it says nothing of their values. All that is
// learned (means, deviations, which levels become features) comes from training rows alone. A
// separate file of test rows has no say: it is read with the training file's kinds.
//
// # Foreign bytes
//
// No header is believed: an IDX file that promises a terabyte, a gzip file that unpacks without
// end, a CSV file of ten million columns are errors in bounded memory. Errors name the file, and
// where it makes sense row, line and column.
//
// # Reading the source
//
// load.go decides what a source is; folder.go and idx.go read images, table.go, sheet.go, survey.go,
// csv.go and arff.go tables; fingerprint.go says what the fingerprint hashes; known.go knows names
// and places; fetch.go downloads; view.go, preprocessing.go and record.go are what training and
// prediction use. mini holds the embedded sample and the program that made it.
package dataset
