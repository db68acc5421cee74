import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A learner for Minerva in Java 17: linear and logistic regression by gradient descent, no dependency.
 *
 * <p>It speaks the runner protocol (docs/runner-protocol.md): a request per line on standard input, an
 * answer per line on standard output; System.err is the log, System.out is redirected to it. Try it:
 * minerva test --command "java Runner.java"
 */
public final class Runner {
    private static final int STEPS = 400;
    private static final long MAX_LINE = 64L * 1024 * 1024;

    /** Data that cannot be learnt from; the message goes to the person who asked for the training. */
    private static final class InvalidData extends RuntimeException {
        InvalidData(String message) {
            super(message);
        }
    }

    /** One numeric column: an input, or one value of a category (else null), with mean and deviation. */
    private record Feature(String name, Object value, double mean, double deviation) {}

    /** What was learnt for one output: a row of weights (bias last) per column of the answer. */
    private record Output(String name, String type, double[][] weights, double mean, double deviation) {}

    private record Model(List<Feature> features, List<Output> outputs) {}

    private final PrintStream answers;
    private Model model;

    private Runner(PrintStream answers) {
        this.answers = answers;
    }

    public static void main(String[] arguments) throws Exception {
        var runner = new Runner(new PrintStream(System.out, false, StandardCharsets.UTF_8));
        System.setOut(System.err);
        runner.serve(new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)));
    }

    // --- protocol ---

    private void serve(BufferedReader requests) throws Exception {
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            var request = object(Json.read(line));
            Object id = request.get("id");
            try {
                say(Map.of("id", id, "result", handle(request)));
            } catch (Exception error) {
                error.printStackTrace();
                String code = error instanceof InvalidData ? "invalid_data" : "failed";
                say(Map.of("id", id, "error", Map.of("code", code, "message", String.valueOf(error.getMessage()))));
            }
            if ("bye".equals(request.get("type"))) {
                return;
            }
        }
    }

    private Map<String, Object> handle(Map<String, Object> request) throws Exception {
        String type = (String) request.get("type");
        return switch (type) {
            case "hello" -> Map.of(
                "protocol", 1L,
                "name", "gradient descent in Java",
                "version", "1",
                "capabilities", List.of("train", "predict"),
                "max_line", MAX_LINE);
            case "train" -> train(request);
            case "load" -> load(request);
            case "predict" -> predict(request);
            case "bye" -> Map.of();
            default -> throw new IllegalArgumentException("unknown request " + type);
        };
    }

    private void say(Map<String, Object> message) {
        answers.print(Json.write(message) + "\n");
        answers.flush();
    }

    // --- training ---

    private Map<String, Object> train(Map<String, Object> request) throws Exception {
        List<Map<String, Object>> inputs = new ArrayList<>();
        List<Map<String, Object>> truths = new ArrayList<>();
        try (Stream<String> lines = Files.lines(Path.of((String) request.get("data")))) {
            lines.map(line -> object(Json.read(line))).forEach(record -> {
                inputs.add(object(record.get("inputs")));
                truths.add(object(record.get("output")));
            });
        }
        if (inputs.isEmpty()) {
            throw new InvalidData("there are no records to learn from");
        }
        var schema = object(request.get("schema"));
        var features = plan(list(schema.get("inputs")), inputs);
        double[][] rows = inputs.stream().map(record -> encode(features, record)).toArray(double[][]::new);
        var outputs = new ArrayList<Output>();
        var fields = list(schema.get("output"));
        for (Object declared : fields) {
            var field = object(declared);
            say(Map.of(
                "id", request.get("id"),
                "progress", (double) outputs.size() / fields.size(),
                "message", "learning " + field.get("name")));
            outputs.add(learn(field, rows, truths));
        }
        Path file = Path.of((String) request.get("folder"), "model.json");
        Files.writeString(file, Json.write(plain(new Model(features, outputs))));
        return Map.of();
    }

    private static List<Feature> plan(List<Object> fields, List<Map<String, Object>> records) {
        var features = new ArrayList<Feature>();
        for (Object declared : fields) {
            var field = object(declared);
            String name = (String) field.get("name");
            if (field.get("type").equals("text")) {
                continue; // this learner cannot read
            }
            List<Object> values = field.containsKey("values") ? list(field.get("values")) : Arrays.asList((Object) null);
            for (Object value : values) {
                double[] known = records.stream()
                    .mapToDouble(record -> number(record.get(name), value))
                    .filter(n -> !Double.isNaN(n))
                    .toArray();
                double mean = Arrays.stream(known).average().orElse(0);
                features.add(new Feature(name, value, mean, deviation(known, mean)));
            }
        }
        return features;
    }

    private static double deviation(double[] numbers, double mean) {
        double variance = Arrays.stream(numbers).map(n -> (n - mean) * (n - mean)).average().orElse(0);
        return variance > 0 ? Math.sqrt(variance) : 1;
    }

    /** A cell as a number, NaN where missing; of a category: is it this value? */
    private static double number(Object cell, Object value) {
        if (cell == null) {
            return Double.NaN;
        }
        if (value != null) {
            return cell.equals(value) ? 1 : 0;
        }
        return cell instanceof Boolean flag ? (flag ? 1 : 0) : ((Number) cell).doubleValue();
    }

    /** A record as numbers of mean 0 and deviation 1; what is missing counts as average. */
    private static double[] encode(List<Feature> features, Map<String, Object> record) {
        return features.stream()
            .mapToDouble(f -> standard(number(record.get(f.name), f.value), f))
            .toArray();
    }

    private static double standard(double number, Feature feature) {
        return Double.isNaN(number) ? 0 : (number - feature.mean) / feature.deviation;
    }

    private static Output learn(Map<String, Object> field, double[][] rows, List<Map<String, Object>> truths) {
        String name = (String) field.get("name");
        String type = (String) field.get("type");
        int[] kept = java.util.stream.IntStream.range(0, rows.length)
            .filter(i -> truths.get(i).get(name) != null)
            .toArray();
        if (kept.length == 0) {
            throw new InvalidData("output " + name + " has no value to learn from");
        }
        double[][] known = Arrays.stream(kept).mapToObj(i -> rows[i]).toArray(double[][]::new);
        if (type.equals("number") || type.equals("integer")) {
            double[] truth = Arrays.stream(kept).mapToDouble(i -> number(truths.get(i).get(name), null)).toArray();
            double mean = Arrays.stream(truth).average().orElse(0);
            double spread = deviation(truth, mean);
            double[] scaled = Arrays.stream(truth).map(t -> (t - mean) / spread).toArray();
            return new Output(name, type, new double[][] {descend(known, scaled, false)}, mean, spread);
        }
        List<Object> values = field.containsKey("values") ? list(field.get("values")) : List.of(true);
        double[][] weights = values.stream()
            .map(value -> Arrays.stream(kept).mapToDouble(i -> number(truths.get(i).get(name), value)).toArray())
            .map(truth -> descend(known, truth, true))
            .toArray(double[][]::new);
        return new Output(name, type, weights, 0, 1);
    }

    /** Accelerated gradient descent on squared or logistic loss; returns the weights, bias last. */
    private static double[] descend(double[][] rows, double[] truth, boolean logistic) {
        int width = rows[0].length;
        double[] weights = new double[width + 1];
        double[] velocity = new double[width + 1];
        double rate = 1.0 / (width + 1); // at most the inverse of the largest curvature
        for (int step = 0; step < STEPS; step++) {
            double[] gradient = new double[width + 1];
            for (int i = 0; i < rows.length; i++) {
                double score = score(weights, rows[i]);
                double error = (logistic ? sigmoid(score) : score) - truth[i];
                for (int j = 0; j < width; j++) {
                    gradient[j] += error * rows[i][j] / rows.length;
                }
                gradient[width] += error / rows.length;
            }
            for (int j = 0; j <= width; j++) {
                velocity[j] = 0.9 * velocity[j] - rate * gradient[j];
                weights[j] += velocity[j];
            }
        }
        return weights;
    }

    private static double score(double[] weights, double[] row) {
        double sum = weights[row.length];
        for (int j = 0; j < row.length; j++) {
            sum += weights[j] * row[j];
        }
        return sum;
    }

    private static double sigmoid(double z) {
        return 1 / (1 + Math.exp(-z));
    }

    // --- predicting ---

    private Map<String, Object> predict(Map<String, Object> request) {
        var columns = object(request.get("columns"));
        int count = ((Number) request.get("rows")).intValue();
        double[][] rows = new double[count][model.features.size()];
        for (int j = 0; j < model.features.size(); j++) {
            Feature feature = model.features.get(j);
            List<Object> column = list(columns.get(feature.name));
            for (int i = 0; i < count; i++) {
                rows[i][j] = standard(number(column.get(i), feature.value), feature);
            }
        }
        var predictions = new LinkedHashMap<String, Object>();
        for (Output output : model.outputs) {
            predictions.put(output.name, Arrays.stream(rows).map(row -> answer(output, row)).toList());
        }
        return Map.of("predictions", predictions);
    }

    private static Object answer(Output output, double[] row) {
        double[] scores = Arrays.stream(output.weights).mapToDouble(weights -> score(weights, row)).toArray();
        return switch (output.type) {
            case "number", "integer" -> output.mean + output.deviation * scores[0];
            case "boolean" -> sigmoid(scores[0]);
            default -> {
                double[] chances = Arrays.stream(scores).map(z -> sigmoid(z) + 1e-12).toArray();
                double sum = Arrays.stream(chances).sum();
                yield Arrays.stream(chances).map(chance -> chance / sum).boxed().toList();
            }
        };
    }

    // --- saving and loading ---

    private static Map<String, Object> plain(Model model) {
        List<Object> features = new ArrayList<>();
        for (Feature f : model.features) {
            features.add(Arrays.asList(f.name, f.value, f.mean, f.deviation));
        }
        List<Object> outputs = new ArrayList<>();
        for (Output o : model.outputs) {
            var weights = Arrays.stream(o.weights).map(w -> Arrays.stream(w).boxed().toList()).toList();
            outputs.add(Arrays.asList(o.name, o.type, weights, o.mean, o.deviation));
        }
        return Map.of("features", features, "outputs", outputs);
    }

    private Map<String, Object> load(Map<String, Object> request) throws Exception {
        var saved = object(Json.read(Files.readString(Path.of((String) request.get("folder"), "model.json"))));
        var features = new ArrayList<Feature>();
        for (Object entry : list(saved.get("features"))) {
            var f = list(entry);
            features.add(new Feature((String) f.get(0), f.get(1), number(f.get(2), null), number(f.get(3), null)));
        }
        var outputs = new ArrayList<Output>();
        for (Object entry : list(saved.get("outputs"))) {
            var o = list(entry);
            double[][] weights = list(o.get(2)).stream()
                .map(row -> list(row).stream().mapToDouble(w -> number(w, null)).toArray())
                .toArray(double[][]::new);
            outputs.add(new Output((String) o.get(0), (String) o.get(1), weights, number(o.get(3), null), number(o.get(4), null)));
        }
        model = new Model(features, outputs);
        return Map.of();
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    @SuppressWarnings("unchecked")
    private static List<Object> list(Object value) {
        return (List<Object>) value;
    }

    /** As much JSON as the protocol needs: numbers become Long or Double, objects LinkedHashMap. */
    private static final class Json {
        private final String text;
        private int at;

        private Json(String text) {
            this.text = text;
        }

        static Object read(String text) {
            var json = new Json(text);
            Object value = json.value();
            json.skip();
            if (json.at < text.length()) {
                throw new IllegalArgumentException("text after the end of JSON");
            }
            return value;
        }

        private Object value() {
            skip();
            return switch (text.charAt(at)) {
                case '{' -> object();
                case '[' -> array();
                case '"' -> string();
                case 't' -> word("true", true);
                case 'f' -> word("false", false);
                case 'n' -> word("null", null);
                default -> number();
            };
        }

        private Map<String, Object> object() {
            var members = new LinkedHashMap<String, Object>();
            at++;
            while (!closes('}')) {
                String name = string();
                expect(':');
                members.put(name, value());
            }
            return members;
        }

        private List<Object> array() {
            var items = new ArrayList<Object>();
            at++;
            while (!closes(']')) {
                items.add(value());
            }
            return items;
        }

        /** Skip blanks and a comma; tell whether the bracket is closed here. */
        private boolean closes(char bracket) {
            skip();
            if (text.charAt(at) == ',') {
                at++;
                skip();
            }
            boolean closed = text.charAt(at) == bracket;
            at += closed ? 1 : 0;
            return closed;
        }

        private String string() {
            expect('"');
            var result = new StringBuilder();
            for (char c = text.charAt(at++); c != '"'; c = text.charAt(at++)) {
                result.append(c == '\\' ? escaped() : c);
            }
            return result.toString();
        }

        private char escaped() {
            char c = text.charAt(at++);
            return switch (c) {
                case 'n' -> '\n';
                case 't' -> '\t';
                case 'r' -> '\r';
                case 'b' -> '\b';
                case 'f' -> '\f';
                case 'u' -> (char) Integer.parseInt(text, at, at += 4, 16);
                default -> c;
            };
        }

        private Object number() {
            int start = at;
            boolean whole = true;
            while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
                whole &= ".eE".indexOf(text.charAt(at++)) < 0;
            }
            String digits = text.substring(start, at);
            return whole ? (Object) Long.valueOf(digits) : (Object) Double.valueOf(digits);
        }

        private Object word(String word, Object meaning) {
            if (!text.startsWith(word, at)) {
                throw new IllegalArgumentException("not JSON at " + at);
            }
            at += word.length();
            return meaning;
        }

        private void expect(char wanted) {
            skip();
            if (text.charAt(at++) != wanted) {
                throw new IllegalArgumentException("expected " + wanted + " at " + (at - 1));
            }
        }

        private void skip() {
            while (at < text.length() && text.charAt(at) <= ' ') {
                at++;
            }
        }

        static String write(Object value) {
            var out = new StringBuilder();
            write(value, out);
            return out.toString();
        }

        private static void write(Object value, StringBuilder out) {
            if (value instanceof Map<?, ?> members) {
                String separator = "{";
                for (var member : members.entrySet()) {
                    out.append(separator);
                    write(member.getKey(), out);
                    out.append(':');
                    write(member.getValue(), out);
                    separator = ",";
                }
                out.append(members.isEmpty() ? "{}" : "}");
            } else if (value instanceof List<?> items) {
                String separator = "[";
                for (Object item : items) {
                    out.append(separator);
                    write(item, out);
                    separator = ",";
                }
                out.append(items.isEmpty() ? "[]" : "]");
            } else if (value instanceof String text) {
                quote(text, out);
            } else {
                out.append(value);
            }
        }

        private static void quote(String text, StringBuilder out) {
            out.append('"');
            for (char c : text.toCharArray()) {
                if (c == '"' || c == '\\') {
                    out.append('\\').append(c);
                } else if (c < ' ') {
                    out.append(String.format("\\u%04x", (int) c));
                } else {
                    out.append(c);
                }
            }
            out.append('"');
        }
    }
}
