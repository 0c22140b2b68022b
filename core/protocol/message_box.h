/// A message on its way: owned by whoever holds the box, moved as one pointer.
///
/// A message passes through many hands (effects, network, a busy lane, a muted connection), so it
/// is not moved itself. The four messages of the data path come from a pool that gives them back
/// with the memory of their lists; any other message is simply allocated.
///
/// Rules:
///   B1  A box that another was made of is empty. One that was assigned to another has what that
///       other had before, which is given back at its own end.
///   B2  A message from the pool is as good as new: its lists are empty, its error is none. Whoever
///       takes a request out of it sets all of its other fields.
///   B3  A pool outlives its boxes.
#pragma once

#include <array>
#include <concepts>
#include <deque>
#include <utility>
#include <variant>

#include "core/base/assert.h"
#include "core/protocol/messages.h"

namespace core {

class MessagePool;

class MessageBox {
  public:
    MessageBox() = default;
    /// Boxes a message that is not worth a place in the pool.
    template <class T>
    requires(!std::same_as<T, MessageBox> && std::constructible_from<Message, T>)
        MessageBox(T message)
        : slot_(new Slot{Message(std::move(message)), nullptr, nullptr}) {}
    MessageBox(MessageBox&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
    MessageBox& operator=(MessageBox&& other) noexcept {
        Slot* const before = std::exchange(slot_, std::exchange(other.slot_, nullptr));
        if (before != nullptr) [[unlikely]]
            give_back(before);
        return *this;
    }
    MessageBox(const MessageBox&) = delete;
    MessageBox& operator=(const MessageBox&) = delete;
    ~MessageBox() {
        if (slot_ != nullptr) give_back(slot_);
    }

    bool empty() const { return slot_ == nullptr; }
    Message& operator*() const {
        ASSERT(slot_ != nullptr);
        return slot_->message;
    }
    Message* operator->() const { return &**this; }
    /// Another box with an equal message.
    MessageBox copy() const { return MessageBox(Message(**this)); }

  private:
    friend class MessagePool;
    struct Slot {
        Message message;
        MessagePool* home;  ///< null: not of a pool
        Slot* next;         ///< in the list of free ones
    };
    explicit MessageBox(Slot* slot) : slot_(slot) {}
    static void give_back(Slot* slot) noexcept;
    [[gnu::noinline]] static void discard(Slot* slot) noexcept;

    Slot* slot_ = nullptr;
};

/// The four messages of the data path, each with a list of those that are free.
class MessagePool {
  public:
    MessagePool() = default;
    MessagePool(const MessagePool&) = delete;
    MessagePool& operator=(const MessagePool&) = delete;

    /// A box with a message of the data path.
    template <class T>
    MessageBox take() {
        MessageBox::Slot*& free = free_[place<T>()];
        if (free == nullptr) make_one<T>();
        MessageBox::Slot* slot = free;
        free = slot->next;
        return MessageBox(slot);
    }

  private:
    friend class MessageBox;
    static constexpr std::size_t kKinds = 4;
    template <class T>
    static constexpr std::size_t place() {
        // The first four alternatives of Message, so a message's index is its place.
        constexpr std::size_t at = std::same_as<T, ProduceRequest>    ? 0
                                   : std::same_as<T, ProduceResponse> ? 1
                                   : std::same_as<T, FetchRequest>    ? 2
                                                                      : 3;
        static_assert(std::same_as<std::variant_alternative_t<at, Message>, T>);
        return at;
    }
    template <class T>
    static Message empty() {
        if constexpr (std::same_as<T, ProduceRequest>)
            return ProduceRequest{Acks::all, Duration(0), {}, RecordNumber(0)};
        else
            return T{};
    }
    template <class T>
    [[gnu::noinline, gnu::cold]] void make_one() {
        make(empty<T>());
    }
    void make(Message message);
    /// Makes it as good as new (B2).
    static void make_empty(Message& message);
    /// Lists that hold batches: out of the way of those that do not.
    template <class List>
    [[gnu::noinline]] static void clear(List& list) {
        list.clear();
    }

    std::deque<MessageBox::Slot> slots_;  ///< all of them, free or taken
    std::array<MessageBox::Slot*, kKinds> free_{};
};

}  // namespace core
