"""Writes ../iris.csv: the 150 rows of scikit-learn's load_iris.

Run: python3 iris.py > ../iris.csv
"""

from sklearn.datasets import load_iris

iris = load_iris()
print("sepal_length,sepal_width,petal_length,petal_width,species")
for lengths, species in zip(iris.data, iris.target):
    print(",".join(f"{x:.1f}" for x in lengths) + "," + iris.target_names[species])
