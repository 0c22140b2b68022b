#include "core/log/checkpoint.h"

#include <array>
#include <cstddef>

#include "core/base/bytes.h"
#include "core/base/text.h"

namespace core {

namespace {

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kUuidChars = 22;

std::string_view directory_of(std::string_view path) {
    const auto slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

/// The entries of a checkpoint file of version 0; nothing if the file is malformed.
std::optional<std::vector<std::string_view>> checkpoint_lines(std::string_view text) {
    std::vector<std::string_view> lines = split(text, '\n');
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    if (lines.size() < 2 || parse_int(lines[0]) != 0) return std::nullopt;
    const auto count = parse_int(lines[1]);
    if (!count || *count < 0) return std::nullopt;
    if (static_cast<std::uint64_t>(*count) != lines.size() - 2) return std::nullopt;
    lines.erase(lines.begin(), lines.begin() + 2);
    ASSERT(lines.size() == static_cast<std::uint64_t>(*count));
    return lines;
}

}  // namespace

void replace_file(Storage& storage, std::string_view path, std::string_view content) {
    ASSERT(!path.empty());
    ASSERT(!path.ends_with('/'));
    const std::string temporary = concat(path, ".tmp");
    storage.write_file(temporary, as_bytes(content));
    storage.sync(temporary);
    storage.rename(temporary, path);
    storage.sync_directory(directory_of(path));
}

std::optional<std::string> read_text(const StorageReader& storage, std::string_view path) {
    const auto size = storage.size(path);
    if (!size) return std::nullopt;
    const Bytes bytes = storage.read(path, 0, *size);
    ASSERT(bytes.size() == *size);
    return std::string(as_text(bytes));
}

OffsetCheckpoint parse_offset_checkpoint(std::string_view text) {
    OffsetCheckpoint offsets;
    const auto lines = checkpoint_lines(text);
    if (!lines) return offsets;
    for (std::string_view line : *lines) {
        const std::vector<std::string_view> words = split(line, ' ');
        if (words.size() != 3) return {};
        const auto partition = parse_int(words[1]);
        const auto offset = parse_int(words[2]);
        if (!partition || !offset) return {};
        offsets.insert_or_assign(concat(words[0], "-", *partition), Offset(*offset));
    }
    return offsets;
}

std::string format_offset_checkpoint(std::span<const CheckpointedOffset> offsets) {
    std::string text = concat("0\n", offsets.size(), "\n");
    for (std::size_t i = 0; i < offsets.size(); ++i) {
        const auto& [directory, offset] = offsets[i];
        if (i > 0) ASSERT(offsets[i - 1].directory < directory);
        const auto dash = directory.rfind('-');
        ASSERT(dash != std::string_view::npos);
        text += directory.substr(0, dash);
        text += ' ';
        text += directory.substr(dash + 1);
        text += ' ';
        text += std::to_string(offset.value());
        text += '\n';
    }
    return text;
}

OffsetCheckpoint read_offset_checkpoint(const StorageReader& storage, std::string_view path) {
    const auto text = read_text(storage, path);
    return text ? parse_offset_checkpoint(*text) : OffsetCheckpoint();
}

void write_offset_checkpoint(Storage& storage, std::string_view path,
                             std::span<const CheckpointedOffset> offsets) {
    replace_file(storage, path, format_offset_checkpoint(offsets));
}

std::vector<OffsetAndEpoch> parse_epoch_checkpoint(std::string_view text) {
    std::vector<OffsetAndEpoch> entries;
    const auto lines = checkpoint_lines(text);
    if (!lines) return entries;
    for (std::string_view line : *lines) {
        const std::vector<std::string_view> words = split(line, ' ');
        if (words.size() != 2) return {};
        const auto epoch = parse_int(words[0]);
        const auto offset = parse_int(words[1]);
        if (!epoch || !offset || *epoch > INT32_MAX) return {};
        const OffsetAndEpoch entry{Offset(*offset), LeaderEpoch(static_cast<std::int32_t>(*epoch))};
        if (!entries.empty() && (entries.back().leader_epoch >= entry.leader_epoch ||
                                 entries.back().offset >= entry.offset))
            return {};
        entries.push_back(entry);
    }
    return entries;
}

std::string format_epoch_checkpoint(std::span<const OffsetAndEpoch> entries) {
    std::string text = concat("0\n", entries.size(), "\n");
    for (const OffsetAndEpoch& entry : entries)
        text += concat(entry.leader_epoch.value(), " ", entry.offset.value(), "\n");
    return text;
}

std::vector<OffsetAndEpoch> read_epoch_checkpoint(const StorageReader& storage,
                                                  std::string_view path) {
    const auto text = read_text(storage, path);
    return text ? parse_epoch_checkpoint(*text) : std::vector<OffsetAndEpoch>();
}

void write_epoch_checkpoint(Storage& storage, std::string_view path,
                            std::span<const OffsetAndEpoch> entries) {
    replace_file(storage, path, format_epoch_checkpoint(entries));
}

std::string format_uuid(const Uuid& uuid) {
    std::array<std::byte, 18> bytes{};
    store_be(std::span<std::byte>(bytes), 0, uuid.high);
    store_be(std::span<std::byte>(bytes), 8, uuid.low);
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto group = (std::to_integer<std::uint32_t>(bytes[i]) << 16) |
                           (std::to_integer<std::uint32_t>(bytes[i + 1]) << 8) |
                           std::to_integer<std::uint32_t>(bytes[i + 2]);
        for (int shift = 18; shift >= 0; shift -= 6) text += kBase64[(group >> shift) & 63];
    }
    ASSERT(text.size() >= kUuidChars);
    text.resize(kUuidChars);
    return text;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
    if (text.size() != kUuidChars) return std::nullopt;
    Uuid uuid{0, 0};
    int bits_left = 128;
    for (char c : text) {
        const auto digit = kBase64.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        // The last digit carries two bits only.
        const int bits = bits_left < 6 ? bits_left : 6;
        const std::uint64_t part = digit >> (6 - bits);
        uuid.high = (uuid.high << bits) | (uuid.low >> (64 - bits));
        uuid.low = (uuid.low << bits) | part;
        bits_left -= bits;
    }
    ASSERT(bits_left == 0);
    return uuid;
}

void write_partition_metadata(Storage& storage, std::string_view directory, const Uuid& topic_id) {
    replace_file(storage, concat(directory, "/", kPartitionMetadata),
                 concat("version: 0\ntopic_id: ", format_uuid(topic_id)));
}

std::optional<Uuid> read_partition_metadata(const StorageReader& storage,
                                            std::string_view directory) {
    const auto text = read_text(storage, concat(directory, "/", kPartitionMetadata));
    if (!text) return std::nullopt;
    constexpr std::string_view kKey = "topic_id: ";
    for (std::string_view line : split(*text, '\n'))
        if (line.starts_with(kKey)) return parse_uuid(line.substr(kKey.size()));
    return std::nullopt;
}

std::string format_clean_shutdown(std::optional<BrokerEpoch> broker_epoch) {
    return concat("{\"version\":0,\"brokerEpoch\":", broker_epoch ? broker_epoch->value() : -1,
                  "}");
}

std::optional<BrokerEpoch> parse_clean_shutdown(std::string_view text) {
    constexpr std::string_view kKey = "\"brokerEpoch\":";
    const auto at = text.find(kKey);
    if (at == std::string_view::npos) return std::nullopt;
    std::string_view number = text.substr(at + kKey.size());
    number = number.substr(0, number.find_first_of(",}"));
    while (number.starts_with(' ')) number.remove_prefix(1);
    const auto value = parse_int(number);
    if (!value || *value < 0) return std::nullopt;
    return BrokerEpoch(*value);
}

}  // namespace core
