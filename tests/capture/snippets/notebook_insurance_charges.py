"""Medical charges with dummies for smokers; train and test scores come from the score method.

facts:
  run LinearRegression x1
  metric LinearRegression LinearRegression_score_x_train = train_r2
  metric LinearRegression LinearRegression_score-2_x_test = test_r2
  metric LinearRegression training_r2_score = train_r2
"""

import mlflow
import mlflow.sklearn
import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split

mlflow.sklearn.autolog()

rng = np.random.default_rng(1338)
ins = pd.DataFrame({"age": rng.integers(18, 65, 300), "bmi": rng.normal(30, 6, 300)})
ins["smoker"] = rng.choice(["yes", "no"], 300, p=[0.2, 0.8])
ins["charges"] = 250 * ins.age + 24000 * (ins.smoker == "yes") + rng.normal(0, 2000, 300)
x = pd.get_dummies(ins.drop(["charges"], axis=1), columns=["smoker"], dtype=int)
y = ins.charges
x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0)
lr = LinearRegression().fit(x_train, y_train)
train_r2 = lr.score(x_train, y_train)
test_r2 = lr.score(x_test, y_test)
print(train_r2, test_r2)
