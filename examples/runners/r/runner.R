# A learner for Minerva in R: lm and glm (logistic regression), with jsonlite alone.
#
# It speaks the runner protocol (docs/runner-protocol.md): a request per line on standard input, an
# answer per line on standard output; print nothing else there, message() writes to the log.
# Try it: minerva test --command "Rscript runner.R"

suppressPackageStartupMessages(library(jsonlite))

invalid_data <- function(...) {
  stop(structure(class = c("invalid_data", "error", "condition"),
                 list(message = paste0(...), call = NULL)))
}

# Features: every input becomes one or more numeric columns ------------------------------------

# One entry per numeric column: which input, which of its values (a category), and its mean.
plan_features <- function(fields, inputs) {
  plan <- list()
  for (field in fields) {
    if (field$type == "text") next  # this learner cannot read
    for (value in if (is.null(field$values)) list(NULL) else field$values) {
      numbers <- to_numbers(inputs[[field$name]], value)
      average <- mean(numbers, na.rm = TRUE)
      plan[[length(plan) + 1]] <- list(
        name = field$name, value = value, mean = if (is.nan(average)) 0 else average)
    }
  }
  plan
}

to_numbers <- function(column, value) {
  if (length(column) == 0) return(numeric(0))
  if (is.null(value)) as.numeric(column) else as.numeric(column == value)
}

# A matrix with an intercept; what is missing counts as average.
design_matrix <- function(plan, columns, rows) {
  x <- matrix(1, nrow = rows, ncol = length(plan) + 1)
  for (j in seq_along(plan)) {
    numbers <- to_numbers(columns[[plan[[j]]$name]], plan[[j]]$value)
    numbers[is.na(numbers)] <- plan[[j]]$mean
    x[, j + 1] <- numbers
  }
  x
}

# Learning -------------------------------------------------------------------------------------

fit_output <- function(field, x, truth) {
  known <- !is.na(truth)
  if (!any(known)) invalid_data("output ", field$name, " has no value to learn from")
  x <- x[known, , drop = FALSE]
  truth <- truth[known]
  if (field$type %in% c("number", "integer")) {
    coefficients <- list(lm.fit(x, truth)$coefficients)
  } else {
    values <- if (is.null(field$values)) list(TRUE) else field$values
    coefficients <- lapply(values, function(value) {
      # one value that never or always occurs is separated perfectly: glm warns, the fit is fine
      suppressWarnings(glm.fit(x, as.numeric(truth == value), family = binomial()))$coefficients
    })
  }
  # collinear columns have no coefficient of their own
  coefficients <- lapply(coefficients, function(b) { b[is.na(b)] <- 0; unname(b) })
  list(name = field$name, type = field$type, coefficients = coefficients)
}

train <- function(request) {
  # stream_in reads a line per record into a data frame with two data frames in it
  con <- file(request$data, encoding = "UTF-8")
  data <- stream_in(con, verbose = FALSE)
  if (nrow(data) == 0) invalid_data("there are no records to learn from")
  plan <- plan_features(request$schema$inputs, data$inputs)
  x <- design_matrix(plan, data$inputs, nrow(data))
  outputs <- lapply(request$schema$output, function(field) {
    say(list(id = request$id, progress = 0.5, message = paste("learning", field$name)))
    fit_output(field, x, data$output[[field$name]])
  })
  saveRDS(list(plan = plan, outputs = outputs), file.path(request$folder, "model.rds"))
}

predict_output <- function(output, x) {
  scores <- x %*% do.call(cbind, output$coefficients)
  switch(output$type,
    number = , integer = I(as.vector(scores)),  # I(): a list even if there is only one
    boolean = I(as.vector(plogis(scores))),
    category = {
      chances <- scores
      chances[] <- plogis(scores) + 1e-12  # []: stays a matrix even without rows
      chances / rowSums(chances)  # a matrix: written as a list of rows
    })
}

predict_rows <- function(model, request) {
  x <- design_matrix(model$plan, request$columns, request$rows)
  predictions <- lapply(model$outputs, predict_output, x = x)
  names(predictions) <- vapply(model$outputs, function(output) output$name, "")
  list(predictions = predictions)
}

# Protocol -------------------------------------------------------------------------------------

nothing <- structure(list(), names = character(0))  # {}

say <- function(message) {
  cat(toJSON(message, auto_unbox = TRUE, digits = NA), "\n", sep = "", file = stdout())
  flush(stdout())
}

# Schema and parameters stay lists of lists; columns become vectors with NA for null.
read_request <- function(line) {
  request <- parse_json(line)
  request$columns <- lapply(request$columns, function(column) {
    unlist(lapply(column, function(cell) if (is.null(cell)) NA else cell))
  })
  request
}

model <- NULL
handle <- function(request) {
  switch(request$type,
    hello = list(protocol = 1, name = "lm and glm in R", version = "1",
                 capabilities = c("train", "predict"), max_line = 64 * 1024 * 1024),
    train = { train(request); nothing },
    load = { model <<- readRDS(file.path(request$folder, "model.rds")); nothing },
    predict = predict_rows(model, request),
    bye = nothing,
    stop("unknown request ", request$type))
}

requests <- file("stdin", open = "r", encoding = "UTF-8")
while (length(line <- readLines(requests, n = 1, warn = FALSE)) > 0) {
  request <- read_request(line)
  say(tryCatch(
    list(id = request$id, result = handle(request)),
    error = function(e) {
      code <- if (inherits(e, "invalid_data")) "invalid_data" else "failed"
      message(conditionMessage(e))
      list(id = request$id, error = list(code = code, message = conditionMessage(e)))
    }))
  if (request$type == "bye") break
}
