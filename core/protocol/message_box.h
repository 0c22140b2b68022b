/// A message on its way: owned by whoever holds the box, moved as one pointer.
///
/// A message passes through many hands (effects, network, a busy lane, a muted connection), so it
/// is not moved itself. The four messages of the data path come from a pool that gives them back
/// with the memory of their lists; any other message is simply allocated.
///
/// Rules:
///   B1  A box that was moved from is empty; nothing else is.
///   B2  A message from the pool is as good as new: its lists are empty, its error is none. Whoever
///       takes a request out of it sets all of its other fields.
///   B3  The pool lives until the last of its boxes is gone.
#pragma once

#include <array>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <concepts>
#include <memory>
#include <utility>
#include <vector>

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
        : slot_(new Slot{Message(std::move(message)), nullptr}) {}
    MessageBox(MessageBox&& other) noexcept : slot_(std::exchange(other.slot_, nullptr)) {}
    MessageBox& operator=(MessageBox&& other) noexcept {
        std::swap(slot_, other.slot_);
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
        boost::intrusive_ptr<MessagePool> home;  ///< null: not of a pool
    };
    explicit MessageBox(Slot* slot) : slot_(slot) {}
    static void give_back(Slot* slot) noexcept;

    Slot* slot_ = nullptr;
};

class MessagePool : public boost::intrusive_ref_counter<MessagePool, boost::thread_unsafe_counter> {
  public:
    /// A box with a message of the data path.
    template <class T>
    MessageBox take() {
        auto& free = free_[place<T>()];
        if (free.empty()) free.emplace_back(new MessageBox::Slot{empty<T>(), nullptr});
        MessageBox::Slot* slot = free.back().release();
        free.pop_back();
        slot->home = this;
        return MessageBox(slot);
    }

  private:
    friend class MessageBox;
    using FreeSlots = std::vector<std::unique_ptr<MessageBox::Slot>>;

    template <class T>
    static constexpr std::size_t place() {
        if constexpr (std::same_as<T, ProduceRequest>) return 0;
        if constexpr (std::same_as<T, ProduceResponse>) return 1;
        if constexpr (std::same_as<T, FetchRequest>) return 2;
        if constexpr (std::same_as<T, FetchResponse>) return 3;
    }
    template <class T>
    static Message empty() {
        if constexpr (std::same_as<T, ProduceRequest>)
            return ProduceRequest{Acks::all, Duration(0), {}, RecordNumber(0)};
        else
            return T{};
    }
    template <class T>
    void keep(MessageBox::Slot* slot) {
        free_[place<T>()].emplace_back(slot);
    }

    std::array<FreeSlots, 4> free_;
};

inline void MessageBox::give_back(Slot* slot) noexcept {
    const boost::intrusive_ptr<MessagePool> home = std::move(slot->home);
    Message& message = slot->message;
    if (home == nullptr) {
        delete slot;
    } else if (auto* fetch = std::get_if<FetchRequest>(&message)) {
        fetch->partitions.clear();
        fetch->forgotten.clear();
        home->keep<FetchRequest>(slot);
    } else if (auto* fetched = std::get_if<FetchResponse>(&message)) {
        fetched->error = ErrorCode::none;
        fetched->partitions.clear();
        home->keep<FetchResponse>(slot);
    } else if (auto* produce = std::get_if<ProduceRequest>(&message)) {
        produce->partitions.clear();
        home->keep<ProduceRequest>(slot);
    } else {
        std::get<ProduceResponse>(message).partitions.clear();
        home->keep<ProduceResponse>(slot);
    }
}

}  // namespace core
