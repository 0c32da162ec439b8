// Kafka Streams as a peer of the projector: exactly_once_v2, RocksDB, the table of areas, months and measures as in bench/answers.py.
// `partial`: each task keeps its own sums. `global`: every difference goes through a repartition topic into one table.
// Says `ready`, waits for a line, works, answers with a line of JSON. Refuses nothing: it trusts its orders.
package bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

public final class Main {
    static final ObjectMapper JSON = new ObjectMapper();
    static final Map<String, String[]> PLACES = new HashMap<>();
    static final AtomicLong seen = new AtomicLong(), differences = new AtomicLong(), added = new AtomicLong();
    static volatile long beganWall, beganCpu;

    static long cpu() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    static void first() {
        if (seen.getAndIncrement() == 0) {
            beganCpu = cpu();
            beganWall = System.nanoTime();
        }
    }

    interface Sink {
        void add(String key, long amount);
    }

    /** What every event does: the club's state in, differences out. */
    static final class Deltas {
        private final KeyValueStore<String, String> clubs;

        Deltas(KeyValueStore<String, String> clubs) {
            this.clubs = clubs;
        }

        void of(String type, String stream, byte[] value, Sink sink) throws IOException {
            JsonNode data = JSON.readTree(value);
            switch (type) {
                case "clubs.club-founded" -> {
                    String[] where = PLACES.get(place(data.get("commune")));
                    clubs.put(stream, where[0] + "|" + where[1] + "|0|0");
                    put(sink, where, data.get("founded_on"), "clubs_founded", 1);
                }
                case "clubs.members-reported" -> {
                    String[] club = clubs.get(stream).split("\\|");
                    long total = data.get("total").asLong(), women = data.get("women").asLong();
                    clubs.put(stream, club[0] + "|" + club[1] + "|" + total + "|" + women);
                    put(sink, club, data.get("as_of"), "members", total - Long.parseLong(club[2]));
                    put(sink, club, data.get("as_of"), "women", women - Long.parseLong(club[3]));
                }
                case "clubs.month-reported" -> {
                    String[] club = clubs.get(stream).split("\\|");
                    put(sink, club, data.get("month"), "month_reports", 1);
                    put(sink, club, data.get("month"), "meetings", data.get("meeting_held").asBoolean() ? 1 : 0);
                    put(sink, club, data.get("month"), "loans_total", data.get("loans").get("total").asLong());
                }
                case "trainings.training-held" -> {
                    String[] where = PLACES.get(place(data.get("place")));
                    long people = 0;
                    for (JsonNode part : data.get("participants")) people += part.get("women").asLong() + part.get("men").asLong();
                    put(sink, where, data.get("starts_on"), "rounds", 1);
                    put(sink, where, data.get("starts_on"), "participants", people);
                }
                case "monitoring.inspection-completed" -> {
                    String[] where = PLACES.get(place(data.get("places").get(0)));
                    put(sink, where, data.get("completed_on"), "inspections", 1);
                    put(sink, where, data.get("completed_on"), "clubs_visited", data.get("clubs_visited").size());
                }
                default -> { }
            }
        }

        private static void put(Sink sink, String[] where, JsonNode day, String measure, long amount) {
            if (amount == 0) return;
            String rest = "|" + day.asText().substring(0, 7) + "|" + measure;
            sink.add("VN" + rest, amount);
            sink.add("63:" + where[0] + rest, amount);
            sink.add("34:" + where[1] + rest, amount);
        }

        private static String place(JsonNode place) {
            return place.get("list").asText() + ":" + place.get("code").asText();
        }
    }

    static String type(Record<String, byte[]> record) {
        return new String(record.headers().lastHeader("ce_type").value(), StandardCharsets.UTF_8);
    }

    static final StoreBuilder<KeyValueStore<String, String>> CLUBS = Stores.keyValueStoreBuilder(
        Stores.persistentKeyValueStore("clubs"), Serdes.String(), Serdes.String()).withCachingEnabled();
    static final StoreBuilder<KeyValueStore<String, Long>> SUMS = Stores.keyValueStoreBuilder(
        Stores.persistentKeyValueStore("sums"), Serdes.String(), Serdes.Long()).withCachingEnabled();

    static final class Partial implements Processor<String, byte[], Void, Void> {
        private KeyValueStore<String, Long> sums;
        private Deltas deltas;

        @Override public void init(ProcessorContext<Void, Void> context) {
            sums = context.getStateStore("sums");
            deltas = new Deltas(context.getStateStore("clubs"));
        }

        @Override public void process(Record<String, byte[]> record) {
            first();
            try {
                deltas.of(type(record), record.key(), record.value(), (key, amount) -> {
                    Long before = sums.get(key);
                    sums.put(key, before == null ? amount : before + amount);
                });
            } catch (IOException error) {
                throw new RuntimeException(error);
            }
        }
    }

    static final class Forward implements Processor<String, byte[], String, Long> {
        private ProcessorContext<String, Long> context;
        private Deltas deltas;

        @Override public void init(ProcessorContext<String, Long> context) {
            this.context = context;
            deltas = new Deltas(context.getStateStore("clubs"));
        }

        @Override public void process(Record<String, byte[]> record) {
            first();
            try {
                deltas.of(type(record), record.key(), record.value(), (key, amount) -> {
                    differences.incrementAndGet();
                    context.forward(new Record<>(key, amount, record.timestamp()));
                });
            } catch (IOException error) {
                throw new RuntimeException(error);
            }
        }
    }

    public static void main(String[] arguments) throws Exception {
        JsonNode orders = JSON.readTree(arguments[arguments.length - 1]);
        for (String line : Files.readAllLines(Path.of(orders.get("places").asText()))) {
            String[] parts = line.split("\t");
            PLACES.put(parts[0], new String[] {parts[1], parts[2]});
        }
        boolean global = orders.get("mode").asText().equals("global");
        long wanted = orders.get("events").asLong();
        List<String> topics = new ArrayList<>();
        orders.get("topics").forEach(topic -> topics.add(topic.asText()));

        StreamsBuilder builder = new StreamsBuilder();
        builder.addStateStore(CLUBS);
        KStream<String, byte[]> events = builder.stream(topics, Consumed.with(Serdes.String(), Serdes.ByteArray()));
        if (global) {
            ProcessorSupplier<String, byte[], String, Long> supplier = Forward::new;
            events.process(supplier, "clubs")
                .groupByKey(Grouped.with("table", Serdes.String(), Serdes.Long()))
                .reduce((a, b) -> { added.incrementAndGet(); return a + b; },
                    Materialized.<String, Long>as(Stores.persistentKeyValueStore("sums"))
                        .withKeySerde(Serdes.String()).withValueSerde(Serdes.Long()).withCachingEnabled());
        } else {
            builder.addStateStore(SUMS);
            ProcessorSupplier<String, byte[], Void, Void> supplier = Partial::new;
            events.process(supplier, "clubs", "sums");
        }
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, orders.get("group").asText());
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, orders.get("bootstrap").asText());
        settings.put(StreamsConfig.STATE_DIR_CONFIG, orders.get("folder").asText());
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, orders.get("threads").asInt());
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
        settings.put(StreamsConfig.producerPrefix("compression.type"), "lz4");
        KafkaStreams streams = new KafkaStreams(builder.build(settings), settings);
        System.out.println("ready");
        System.in.read();
        streams.start();
        // A key's first amount is no addition: the table is whole when additions and keys together are all differences.
        while (seen.get() < wanted || (global && !whole(streams))) Thread.sleep(5);
        long reachedWall = System.nanoTime(), reachedCpu = cpu();
        Map<String, Long> rows = rows(streams);
        long closingWall = System.nanoTime(), closingCpu = cpu();
        streams.close();
        long wall = reachedWall - beganWall + System.nanoTime() - closingWall;
        long spent = reachedCpu - beganCpu + cpu() - closingCpu;
        StringBuilder out = new StringBuilder();
        out.append("{\"seconds\":").append(wall / 1e9).append(",\"cpu\":").append(spent / 1e9);
        out.append(",\"events\":").append(seen.get()).append(",\"rows\":").append(JSON.writeValueAsString(rows)).append('}');
        System.out.println(out);
        System.out.flush();
        System.exit(0);
    }

    private static long lastSize, lastLooked;

    private static boolean whole(KafkaStreams streams) {
        long missing = differences.get() - added.get();
        if (missing > 200_000) return false;
        if (missing != lastLooked) {
            lastLooked = missing;
            lastSize = rows(streams).size();
        }
        return missing <= lastSize;
    }

    private static Map<String, Long> rows(KafkaStreams streams) {
        Map<String, Long> rows = new TreeMap<>();
        try {
            var store = streams.store(StoreQueryParameters.fromNameAndType("sums", QueryableStoreTypes.<String, Long>keyValueStore()));
            try (KeyValueIterator<String, Long> all = store.all()) {
                while (all.hasNext()) {
                    KeyValue<String, Long> row = all.next();
                    rows.merge(row.key, row.value, Long::sum);
                }
            }
        } catch (org.apache.kafka.streams.errors.InvalidStateStoreException error) {
            return Map.of();
        }
        return rows;
    }
}
