import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * One producer of a replay. Arguments: ID TOPIC PARTITIONS SIZE TEMPLATE key=value...
 * Standard input has lines "FIRST COUNT": send the records FIRST .. FIRST+COUNT-1 now.
 * Standard output: "ready"; then "ack NUMBER PARTITION OFFSET" or "err NUMBER EXCEPTION" a record.
 */
public class ReplayProducer {
    private static final PrintStream OUT = System.out;

    private static void say(String line) {
        synchronized (OUT) {
            OUT.println(line);
            OUT.flush();
        }
    }

    /** ID#NUMBER, a space and the template if there is one, padded with dots. */
    private static String value(String id, int number, String template, int size) {
        StringBuilder text = new StringBuilder(id).append('#').append(number);
        if (!template.isEmpty()) text.append(' ').append(template.replace("{n}", "" + number));
        while (text.length() < size) text.append('.');
        return text.toString();
    }

    public static void main(String[] arguments) throws Exception {
        final String id = arguments[0];
        final String topic = arguments[1];
        final int partitions = Integer.parseInt(arguments[2]);
        final int size = Integer.parseInt(arguments[3]);
        final String template = arguments[4];
        Properties config = new Properties();
        for (int i = 5; i < arguments.length; i++) {
            int equals = arguments[i].indexOf('=');
            config.put(arguments[i].substring(0, equals), arguments[i].substring(equals + 1));
        }
        config.put("key.serializer", StringSerializer.class.getName());
        config.put("value.serializer", StringSerializer.class.getName());
        final KafkaProducer<String, String> producer = new KafkaProducer<>(config);
        // send() may block for max.block.ms; commands must not wait for it.
        ExecutorService sender = Executors.newSingleThreadExecutor();
        say("ready");
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = commands.readLine()) != null; ) {
            String[] words = line.split(" ");
            final int first = Integer.parseInt(words[0]);
            final int end = first + Integer.parseInt(words[1]);
            sender.execute(() -> {
                for (int number = first; number < end; number++) {
                    send(producer, new ProducerRecord<>(topic, number % partitions, (String) null,
                                                        value(id, number, template, size)), number);
                }
            });
        }
        System.exit(0);
    }

    private static void send(KafkaProducer<String, String> producer,
                             ProducerRecord<String, String> record, int number) {
        try {
            producer.send(record, (metadata, problem) -> {
                if (problem == null) {
                    say("ack " + number + " " + metadata.partition() + " " + metadata.offset());
                } else {
                    say("err " + number + " " + problem.getClass().getSimpleName());
                }
            });
        } catch (Exception problem) {
            say("err " + number + " " + problem.getClass().getSimpleName());
        }
    }
}
