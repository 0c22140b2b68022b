import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * The administrator and the audit's reader of a replay. Argument: the bootstrap servers.
 * Each line of standard input, words parted by tabs, is answered by "done" or "failed EXCEPTION":
 *   create TOPIC REPLICAS[;REPLICAS...] key=value...     REPLICAS as 1,2,3
 *   elect preferred|unclean TOPIC PARTITION
 *   alter TOPIC key=value...
 *   read TOPIC PARTITION       before that a line "record OFFSET VALUE" for each record from the
 *                              log start up to the high watermark
 */
public class ReplayAdmin {
    private static final long PATIENCE_SECONDS = 20;

    public static void main(String[] arguments) throws Exception {
        Properties config = new Properties();
        config.put("bootstrap.servers", arguments[0]);
        try (Admin admin = Admin.create(config)) {
            BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
            for (String line; (line = commands.readLine()) != null; ) {
                String answer = "done";
                try {
                    obey(admin, arguments[0], line.split("\t"));
                } catch (ExecutionException problem) {
                    answer = "failed " + problem.getCause().getClass().getSimpleName();
                } catch (Exception problem) {
                    answer = "failed " + problem.getClass().getSimpleName();
                }
                System.out.println(answer);
                System.out.flush();
            }
        }
        System.exit(0);
    }

    private static void obey(Admin admin, String bootstrap, String[] words) throws Exception {
        switch (words[0]) {
            case "create":
                create(admin, words);
                break;
            case "elect":
                elect(admin, words);
                break;
            case "alter":
                alter(admin, words);
                break;
            case "read":
                read(bootstrap, new TopicPartition(words[1], Integer.parseInt(words[2])));
                break;
            default:
                throw new IllegalArgumentException(words[0]);
        }
    }

    private static Map<String, String> config(String[] words, int from) {
        Map<String, String> config = new HashMap<>();
        for (String word : Arrays.asList(words).subList(from, words.length)) {
            int equals = word.indexOf('=');
            config.put(word.substring(0, equals), word.substring(equals + 1));
        }
        return config;
    }

    private static void create(Admin admin, String[] words) throws Exception {
        Map<Integer, List<Integer>> assignment = new HashMap<>();
        for (String replicas : words[2].split(";")) {
            List<Integer> ids = new ArrayList<>();
            for (String id : replicas.split(",")) ids.add(Integer.parseInt(id));
            assignment.put(assignment.size(), ids);
        }
        NewTopic topic = new NewTopic(words[1], assignment).configs(config(words, 3));
        admin.createTopics(Collections.singleton(topic)).all()
            .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    private static void elect(Admin admin, String[] words) throws Exception {
        ElectionType type = words[1].equals("unclean") ? ElectionType.UNCLEAN
                                                       : ElectionType.PREFERRED;
        TopicPartition partition = new TopicPartition(words[2], Integer.parseInt(words[3]));
        admin.electLeaders(type, Collections.singleton(partition)).all()
            .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    private static void alter(Admin admin, String[] words) throws Exception {
        Collection<AlterConfigOp> changes = new ArrayList<>();
        config(words, 2).forEach((key, value) -> changes.add(
            new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET)));
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, words[1]);
        admin.incrementalAlterConfigs(Collections.singletonMap(topic, changes)).all()
            .get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    private static void read(String bootstrap, TopicPartition partition) throws Exception {
        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        config.put("isolation.level", "read_uncommitted");
        config.put("auto.offset.reset", "earliest");
        config.put("key.deserializer", StringDeserializer.class.getName());
        config.put("value.deserializer", StringDeserializer.class.getName());
        config.put("default.api.timeout.ms", "15000");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        try (KafkaConsumer<String, String> reader = new KafkaConsumer<>(config)) {
            List<TopicPartition> one = Collections.singletonList(partition);
            reader.assign(one);
            reader.seekToBeginning(one);
            // For read_uncommitted the end is the high watermark.
            long end = reader.endOffsets(one).get(partition);
            while (reader.position(partition) < end) {
                if (System.nanoTime() > deadline) throw new java.util.concurrent.TimeoutException();
                for (ConsumerRecord<String, String> record : reader.poll(Duration.ofMillis(200))) {
                    if (record.offset() < end) {
                        System.out.println("record " + record.offset() + " " + record.value());
                    }
                }
            }
        }
    }
}
