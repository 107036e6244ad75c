# Writes the tables of mlbench, kernlab and R itself as CSV files, the target last; prepare.py calls it.
#
# Factors whose levels are all numbers (Ozone's months, Servo's gains, DNA's indicators, Glass's types) are
# written as those numbers; ordered factors (kernlab's ticdata) as 0, 1, 2 and so on, as in the file that the
# CoIL challenge of 2000 gave out; other factors by name. Missing values are empty.

library(mlbench)
library(kernlab)

folder <- commandArgs(trailingOnly = TRUE)[1]
tables <- list(iris = c("iris", "Species"), sonar = c("Sonar", "Class"), glass = c("Glass", "Type"),
  ionosphere = c("Ionosphere", "Class"), votes = c("HouseVotes84", "Class"),
  pima = c("PimaIndiansDiabetes", "diabetes"), vehicle = c("Vehicle", "Class"), vowel = c("Vowel", "Class"),
  spam = c("spam", "type"), ticdata = c("ticdata", "CARAVAN"), letter = c("LetterRecognition", "lettr"),
  satellite = c("Satellite", "classes"), dna = c("DNA", "Class"), boston = c("BostonHousing", "medv"),
  ozone = c("Ozone", "V4"), servo = c("Servo", "Class"))

for (name in names(tables)) {
  data(list = tables[[name]][1])
  table <- get(tables[[name]][1])
  target <- tables[[name]][2]
  table <- table[!is.na(table[[target]]), c(setdiff(names(table), target), target)]
  ordered <- sapply(table, is.ordered)
  table[ordered] <- lapply(table[ordered], function(column) as.integer(column) - 1)
  write.csv(table, file.path(folder, paste0(name, ".csv")), row.names = FALSE, na = "")
}
