package ouzel.cli;

import com.google.gson.JsonParseException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import ouzel.Client;
import ouzel.Daemon;
import ouzel.NoAnswer;
import ouzel.Refused;
import ouzel.Watch;
import ouzel.Wire;

/** A small client of Ouzel; README.md says how to call it. */
public final class Main {
    private static final String USAGE = """
            usage: run --commands ENDPOINT --events ENDPOINT [--server-key Z85 --key FILE] VERB
              add SOURCE [--save-path DIR] | list | watch [--snapshot-only] | calls | codec""";

    private static volatile int exitCode;

    private Main() {}

    /** A wrong command line, or input that cannot be used. */
    private static final class Unusable extends Exception {
        private static final long serialVersionUID = 1;

        Unusable(String why) {
            super(why);
        }
    }

    /** The command line: the words, and the options by name. */
    private record Line(List<String> words, Map<String, String> options) {
        static Line parse(String[] args) throws Unusable {
            Line line = new Line(new ArrayList<>(), new HashMap<>());
            for (int i = 0; i < args.length; i++) {
                switch (args[i]) {
                    case "--snapshot-only" -> line.options.put(args[i], "");
                    case "--commands", "--events", "--server-key", "--key", "--save-path" -> {
                        if (i + 1 == args.length) {
                            throw new Unusable(USAGE);
                        }
                        line.options.put(args[i], args[++i]);
                    }
                    default -> {
                        if (args[i].startsWith("-")) {
                            throw new Unusable(USAGE);
                        }
                        line.words.add(args[i]);
                    }
                }
            }
            return line;
        }

        Daemon daemon() throws IOException {
            String server = options.get("--server-key");
            Daemon.Keys keys = server == null ? null : Daemon.Keys.read(server, Path.of(options.get("--key")));
            return new Daemon(options.get("--commands"), options.get("--events"), keys);
        }
    }

    public static void main(String[] args) {
        exitCode = code(args);
        System.out.flush();
        Runtime.getRuntime().halt(exitCode); // nothing is left to be done, and threads that read stdin would go on
    }

    private static int code(String[] args) {
        try {
            run(Line.parse(args));
            return 0;
        } catch (Refused refused) {
            System.err.println(refused.getMessage());
            return 1;
        } catch (NoAnswer nobodyThere) {
            System.err.println(nobodyThere.getMessage());
            return 3;
        } catch (NoSuchFileException missing) {
            System.err.println("no such file: " + missing.getMessage());
            return 2;
        } catch (Unusable | IOException | InterruptedException | JsonParseException | IllegalArgumentException
                | IllegalStateException error) {
            System.err.println(error.getMessage());
            return 2;
        }
    }

    private static void run(Line line) throws Unusable, Refused, NoAnswer, IOException, InterruptedException {
        List<String> words = line.words;
        String verb = words.isEmpty() ? "" : words.get(0);
        boolean known = List.of("add", "list", "watch", "calls", "codec").contains(verb);
        if (!known || words.size() != (verb.equals("add") ? 2 : 1)) {
            throw new Unusable(USAGE);
        }
        if (verb.equals("codec")) {
            codec();
            return;
        }
        if (!line.options.keySet().containsAll(List.of("--commands", "--events"))
                || line.options.containsKey("--server-key") != line.options.containsKey("--key")) {
            throw new Unusable(USAGE);
        }
        try (Daemon daemon = line.daemon(); Client client = new Client(daemon)) {
            switch (verb) {
                case "add" -> add(client, words.get(1), line.options.get("--save-path"));
                case "list" -> list(client);
                case "calls" -> calls(client);
                default -> {
                    if (line.options.containsKey("--snapshot-only")) {
                        print(client.snapshot());
                    } else {
                        watch(daemon, client);
                    }
                }
            }
        }
    }

    private static void add(Client client, String source, String savePath) throws Refused, NoAnswer, IOException {
        Map<String, Object> args = new HashMap<>();
        if (source.startsWith("magnet:")) {
            args.put("magnet", source);
        } else {
            args.put("metainfo", Files.readAllBytes(Path.of(source)));
        }
        if (savePath != null) {
            args.put("save_path", savePath);
        }
        System.out.println(Wire.mapOf(client.call("add_torrent", args).get("result")).get("torrent"));
    }

    private static void list(Client client) throws Refused, NoAnswer {
        Object cursor = null;
        do {
            Map<String, Object> args = new HashMap<>(Map.of("limit", 1000L));
            args.put("cursor", cursor);
            Map<String, Object> result = Wire.mapOf(client.call("list_torrents", args).get("result"));
            for (Object each : Wire.listOf(result.get("torrents"))) {
                Map<String, Object> row = Wire.mapOf(each);
                double percent = row.get("progress") instanceof Double progress ? 100 * progress : 0;
                System.out.println(String.format(Locale.ROOT, "%s\t%s\t%.1f\t%s",
                        row.get("torrent"), row.get("state"), percent, row.get("name")));
            }
            cursor = result.get("cursor");
        } while (cursor != null);
    }

    private static void watch(Daemon daemon, Client client) throws Refused, NoAnswer, IOException, InterruptedException {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> Runtime.getRuntime().halt(exitCode))); // 0, by SIGTERM too
        Thread reader = new Thread(Main::endWithStdin);
        reader.setDaemon(true);
        reader.start();
        try (Watch watch = new Watch(daemon, client)) {
            while (true) {
                Watch.Update update = watch.next();
                if (update instanceof Watch.Event event) {
                    print(event.message());
                } else if (update instanceof Client.Snapshot whole) {
                    print(whole);
                }
            }
        }
    }

    private static void endWithStdin() {
        try {
            System.in.transferTo(java.io.OutputStream.nullOutputStream());
        } catch (IOException closed) {
            // as good as its end
        }
        synchronized (Main.class) { // no line is cut
            Runtime.getRuntime().halt(0);
        }
    }

    private static void calls(Client client) throws IOException {
        BufferedReader lines = stdin();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            Map<String, Object> request = Json.read(line);
            try {
                print(client.send(request));
            } catch (NoAnswer nobodyThere) {
                Map<String, Object> lost = new HashMap<>();
                lost.put("lost", request.get("id"));
                print(lost);
            }
        }
    }

    private static void codec() throws IOException {
        BufferedReader lines = stdin();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            try {
                Map<String, Object> message = Wire.decode(HexFormat.of().parseHex(line.strip()));
                String hex = HexFormat.of().formatHex(Wire.encode(message));
                print(Map.of("ok", true, "decoded", message, "hex", hex));
            } catch (Wire.NotAMessage | IllegalArgumentException why) {
                print(Map.of("ok", false, "why", String.valueOf(why.getMessage())));
            }
        }
    }

    private static BufferedReader stdin() {
        return new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    }

    private static void print(Client.Snapshot whole) {
        print(Map.of("snapshot", Map.of("epoch", whole.epoch(), "seq", whole.seq(), "torrents", whole.torrents())));
    }

    private static void print(Map<String, ?> message) {
        byte[] line = (Json.write(message) + "\n").getBytes(StandardCharsets.UTF_8);
        synchronized (Main.class) {
            System.out.write(line, 0, line.length);
            System.out.flush();
        }
    }
}
