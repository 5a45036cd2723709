// SPDX-License-Identifier: LGPL-3.0-or-later
pragma solidity 0.8.37;

import {SecretRegistry} from "./SecretRegistry.sol";

interface Token {
    function totalSupply() external view returns (uint256);
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
}

/// @title Payment channels of all tokens in one contract
///
///   none --deposit--> open --prepareSettle--> closed --settle--> none
///                     open --cooperativeSettle-----------------> none
///                     open --withDraw--> open, under a new open_block_number
///
/// Names, argument order, signed layouts and time windows are those of the Photon network's contract, version 0.6, so that nodes
/// of both kinds share channels. A proof is bound to a channel's life by open_block_number: a channel opened or renewed in a block
/// can't be erased or renewed again in the same block, so no two lives of a channel share that number.
///
/// Holds what a token's own transfer reports: a token that takes a fee on transfers or lies harms its own channels only.
contract TokensNetwork {
    struct Participant {
        uint256 deposit;
        /// 24 octets of balance hash, then the nonce in 8: one word, so that one store writes both.
        bytes32 proof;
    }

    struct Channel {
        uint64 settle_timeout;
        /// Last block in which proofs and unlocks are taken; 0 while open.
        uint64 settle_block_number;
        uint64 open_block_number;
        uint8 state;
        mapping(address => Participant) participants;
    }

    string public constant contract_version = "0.6._";
    string public constant signature_prefix = "\x19Spectrum Signed Message:\n";
    /// Blocks after settle_block_number that are left for punishing.
    uint64 public constant punish_block_number = 257;

    uint64 private constant SETTLE_TIMEOUT_MIN = 6;
    uint64 private constant SETTLE_TIMEOUT_MAX = 2_700_000;
    uint8 private constant OPEN = 1;
    uint8 private constant CLOSED = 2;

    uint256 public immutable chain_id;
    SecretRegistry public immutable secret_registry;

    mapping(address => bool) public registered_token;
    mapping(bytes32 => Channel) public channels;
    /// Key: unlockKey(), which holds the channel's life, so that nothing survives a re-opening.
    mapping(bytes32 => bool) private unlocked_locks;

    event TokenNetworkCreated(address indexed token_address);
    event ChannelOpenedAndDeposit(
        address indexed token,
        address participant,
        address partner,
        uint64 settle_timeout,
        uint256 participant1_deposit
    );
    event ChannelNewDeposit(bytes32 indexed channel_identifier, address participant, uint256 total_deposit);
    event ChannelClosed(bytes32 indexed channel_identifier, address closing_participant, bytes32 locksroot, uint256 transferred_amount);
    event ChannelUnlocked(bytes32 indexed channel_identifier, address payer_participant, bytes32 lockhash, uint256 transferred_amount);
    event BalanceProofUpdated(bytes32 indexed channel_identifier, address participant, bytes32 locksroot, uint256 transferred_amount);
    event ChannelPunished(bytes32 indexed channel_identifier, address beneficiary);
    event ChannelSettled(bytes32 indexed channel_identifier, uint256 participant1_amount, uint256 participant2_amount);
    event ChannelCooperativeSettled(bytes32 indexed channel_identifier, uint256 participant1_amount, uint256 participant2_amount);
    event ChannelWithdraw(
        bytes32 indexed channel_identifier,
        address participant1,
        uint256 participant1_balance,
        address participant2,
        uint256 participant2_balance
    );

    error ZeroAmount();
    error BadParticipants();
    error BadSettleTimeout();
    error NotAToken();
    error TransferFailed();
    error CallerIsNotTheToken();
    error NotOpen();
    error NotClosed();
    error RenewedInThisBlock();
    error WindowClosed();
    error WindowNotYetOpen();
    error StaleNonce();
    error BadSignature();
    error BadAmounts();
    error BadBalanceProof();
    error BadMerkleProof();
    error SecretNotRevealedInTime();
    error AlreadyUnlocked();
    error NotUnlocked();

    constructor(uint256 chain_id_) {
        chain_id = chain_id_;
        secret_registry = new SecretRegistry();
    }

    // ---- deposit: none -> open, open -> open

    /// Anyone may pay for anyone. Opens the channel if there is none; then `settle_timeout` counts, else it is ignored.
    function deposit(address token, address participant, address partner, uint256 amount, uint64 settle_timeout) external {
        _deposit(token, participant, partner, amount, settle_timeout);
        require(Token(token).transferFrom(msg.sender, address(this), amount), TransferFailed());
    }

    /// ERC-223: the token calls after it has moved `value` here. `data` is participant, partner, settle_timeout, 32 octets each.
    function tokenFallback(address, uint256 value, bytes calldata data) external returns (bool) {
        (address participant, address partner, uint64 settle_timeout) = abi.decode(data, (address, address, uint64));
        _deposit(msg.sender, participant, partner, value, settle_timeout);
        return true;
    }

    /// approveAndCall: the token calls after `from` has approved `value`. From any other caller it would spend a foreign allowance.
    function receiveApproval(address from, uint256 value, address token, bytes calldata data) external returns (bool) {
        require(msg.sender == token, CallerIsNotTheToken());
        (address participant, address partner, uint64 settle_timeout) = abi.decode(data, (address, address, uint64));
        _deposit(token, participant, partner, value, settle_timeout);
        require(Token(token).transferFrom(from, address(this), value), TransferFailed());
        return true;
    }

    function _deposit(address token, address participant, address partner, uint256 amount, uint64 settle_timeout) private {
        require(amount > 0, ZeroAmount());
        (bytes32 id, Channel storage channel) = _find(token, participant, partner);
        Participant storage payer = channel.participants[participant];
        uint8 state = channel.state;
        if (state == 0) {
            require(participant != address(0) && partner != address(0) && participant != partner, BadParticipants());
            require(settle_timeout >= SETTLE_TIMEOUT_MIN && settle_timeout <= SETTLE_TIMEOUT_MAX, BadSettleTimeout());
            if (!registered_token[token]) _register(token);
            channel.settle_timeout = settle_timeout;
            channel.open_block_number = uint64(block.number);
            channel.state = OPEN;
            payer.deposit = amount;
            emit ChannelOpenedAndDeposit(token, participant, partner, settle_timeout, amount);
        } else {
            require(state == OPEN, NotOpen());
            uint256 total = payer.deposit + amount;
            payer.deposit = total;
            emit ChannelNewDeposit(id, participant, total);
        }
    }

    function _register(address token) private {
        require(contractExists(token) && Token(token).totalSupply() > 0, NotAToken());
        registered_token[token] = true;
        emit TokenNetworkCreated(token);
    }

    // ---- while open

    /// open -> open: `participant` takes `participant_withdraw` out of `participant_balance`; the rest of the deposits is the partner's.
    function withDraw(
        address token,
        address participant,
        address partner,
        uint256 participant_balance,
        uint256 participant_withdraw,
        bytes calldata participant_signature,
        bytes calldata partner_signature
    ) external {
        (bytes32 id, Channel storage channel) = _find(token, participant, partner);
        bytes32 digest = keccak256(
            abi.encodePacked(
                "\x19Spectrum Signed Message:\n156",
                participant,
                participant_balance,
                participant_withdraw,
                id,
                _agreeable(channel),
                chain_id
            )
        );
        _requireSigner(digest, participant_signature, participant);
        _requireSigner(digest, partner_signature, partner);

        Participant storage one = channel.participants[participant];
        Participant storage other = channel.participants[partner];
        uint256 total = one.deposit + other.deposit;
        require(participant_withdraw > 0 && participant_withdraw <= participant_balance && participant_balance <= total, BadAmounts());
        uint256 left = participant_balance - participant_withdraw;
        uint256 others = total - participant_balance;
        one.deposit = left;
        other.deposit = others;
        channel.open_block_number = uint64(block.number);
        emit ChannelWithdraw(id, participant, left, partner, others);
        _pay(token, participant, participant_withdraw);
    }

    /// open -> none: both signed how to share what is there.
    function cooperativeSettle(
        address token,
        address participant1,
        uint256 participant1_balance,
        address participant2,
        uint256 participant2_balance,
        bytes calldata participant1_signature,
        bytes calldata participant2_signature
    ) external {
        (bytes32 id, Channel storage channel) = _find(token, participant1, participant2);
        bytes32 digest = keccak256(
            abi.encodePacked(
                "\x19Spectrum Signed Message:\n176",
                participant1,
                participant1_balance,
                participant2,
                participant2_balance,
                id,
                _agreeable(channel),
                chain_id
            )
        );
        _requireSigner(digest, participant1_signature, participant1);
        _requireSigner(digest, participant2_signature, participant2);

        uint256 total = _takeDeposit(channel, participant1) + _takeDeposit(channel, participant2);
        require(participant1_balance + participant2_balance == total, BadAmounts());
        _erase(channel);
        emit ChannelCooperativeSettled(id, participant1_balance, participant2_balance);
        _pay(token, participant1, participant1_balance);
        _pay(token, participant2, participant2_balance);
    }

    /// open -> closed, by a participant, with the newest proof of the partner; nonce 0 says that there is none.
    function prepareSettle(
        address token,
        address partner,
        uint256 transferred_amount,
        bytes32 locksroot,
        uint64 nonce,
        bytes32 additional_hash,
        bytes calldata signature
    ) external {
        (bytes32 id, Channel storage channel) = _find(token, msg.sender, partner);
        require(channel.state == OPEN, NotOpen());
        uint64 last = uint64(block.number) + channel.settle_timeout;
        channel.settle_block_number = last;
        channel.state = CLOSED;
        if (nonce > 0) {
            _requireBalanceProof(id, channel, partner, transferred_amount, locksroot, nonce, additional_hash, signature);
            _setProof(channel.participants[partner], transferred_amount, locksroot, nonce);
        } else {
            (transferred_amount, locksroot) = (0, 0);
        }
        emit ChannelClosed(id, msg.sender, locksroot, transferred_amount);
    }

    // ---- closed, up to settle_block_number

    function updateBalanceProof(
        address token,
        address partner,
        uint256 transferred_amount,
        bytes32 locksroot,
        uint64 nonce,
        bytes32 additional_hash,
        bytes calldata partner_signature
    ) external {
        (bytes32 id, Channel storage channel) = _find(token, msg.sender, partner);
        _requireWindow(channel);
        _update(id, channel, partner, transferred_amount, locksroot, nonce, additional_hash, partner_signature);
    }

    /// Anyone with the participant's mandate, in the second half of the window: the participant comes first.
    function updateBalanceProofDelegate(
        address token,
        address partner,
        address participant,
        uint256 transferred_amount,
        bytes32 locksroot,
        uint64 nonce,
        bytes32 additional_hash,
        bytes calldata partner_signature,
        bytes calldata participant_signature
    ) external {
        (bytes32 id, Channel storage channel) = _find(token, participant, partner);
        _requireWindow(channel);
        require(block.number >= channel.settle_block_number - channel.settle_timeout / 2, WindowNotYetOpen());
        bytes32 digest = keccak256(
            abi.encodePacked(
                "\x19Spectrum Signed Message:\n144",
                transferred_amount,
                locksroot,
                nonce,
                id,
                channel.open_block_number,
                chain_id
            )
        );
        _requireSigner(digest, participant_signature, participant);
        _update(id, channel, partner, transferred_amount, locksroot, nonce, additional_hash, partner_signature);
    }

    /// Moves one lock of `partner` to what he has transferred; its secret must have been revealed in time.
    function unlock(
        address token,
        address partner,
        uint256 transferred_amount,
        uint256 expiration,
        uint256 amount,
        bytes32 secret_hash,
        bytes calldata merkle_proof
    ) external {
        (bytes32 id, Channel storage channel) = _find(token, msg.sender, partner);
        _unlock(id, channel, partner, transferred_amount, expiration, amount, secret_hash, merkle_proof);
    }

    function unlockDelegate(
        address token,
        address partner,
        address participant,
        uint256 transferred_amount,
        uint256 expiration,
        uint256 amount,
        bytes32 secret_hash,
        bytes calldata merkle_proof,
        bytes calldata participant_signature
    ) external {
        (bytes32 id, Channel storage channel) = _find(token, participant, partner);
        bytes32 digest = keccak256(
            abi.encodePacked(
                "\x19Spectrum Signed Message:\n188",
                msg.sender,
                expiration,
                amount,
                secret_hash,
                id,
                channel.open_block_number,
                chain_id
            )
        );
        _requireSigner(digest, participant_signature, participant);
        _unlock(id, channel, partner, transferred_amount, expiration, amount, secret_hash, merkle_proof);
    }

    function _update(
        bytes32 id,
        Channel storage channel,
        address partner,
        uint256 transferred_amount,
        bytes32 locksroot,
        uint64 nonce,
        bytes32 additional_hash,
        bytes calldata signature
    ) private {
        Participant storage payer = channel.participants[partner];
        require(nonce > _nonce(payer.proof), StaleNonce());
        _requireBalanceProof(id, channel, partner, transferred_amount, locksroot, nonce, additional_hash, signature);
        _setProof(payer, transferred_amount, locksroot, nonce);
        emit BalanceProofUpdated(id, partner, locksroot, transferred_amount);
    }

    function _unlock(
        bytes32 id,
        Channel storage channel,
        address partner,
        uint256 transferred_amount,
        uint256 expiration,
        uint256 amount,
        bytes32 secret_hash,
        bytes calldata merkle_proof
    ) private {
        _requireWindow(channel);
        uint256 revealed = secret_registry.secrethash_to_block(secret_hash);
        require(revealed > 0 && revealed <= expiration, SecretNotRevealedInTime());
        bytes32 lockhash = keccak256(abi.encodePacked(expiration, amount, secret_hash));
        bytes32 locksroot = _merkleRoot(lockhash, merkle_proof);

        Participant storage payer = channel.participants[partner];
        bytes32 proof = payer.proof;
        uint64 nonce = _nonce(proof);
        require(bytes24(proof) == _balanceHash(transferred_amount, locksroot), BadBalanceProof());
        bytes32 key = _unlockKey(id, partner, channel.open_block_number, nonce, lockhash);
        require(!unlocked_locks[key], AlreadyUnlocked());
        unlocked_locks[key] = true;
        transferred_amount += amount;
        _setProof(payer, transferred_amount, locksroot, nonce);
        emit ChannelUnlocked(id, partner, lockhash, transferred_amount);
    }

    // ---- closed, up to settle

    /// `cheater` signed that he gives up a lock of `beneficiary` and unlocked it all the same: both deposits are the beneficiary's.
    function punishObsoleteUnlock(
        address token,
        address beneficiary,
        address cheater,
        bytes32 lockhash,
        bytes32 additional_hash,
        bytes calldata cheater_signature
    ) external {
        (bytes32 id, Channel storage channel) = _find(token, beneficiary, cheater);
        require(channel.state == CLOSED, NotClosed());
        uint64 opened = channel.open_block_number;
        _requireSigner(
            keccak256(abi.encodePacked("\x19Spectrum Signed Message:\n136", lockhash, id, opened, chain_id, additional_hash)),
            cheater_signature,
            cheater
        );
        Participant storage winner = channel.participants[beneficiary];
        bytes32 key = _unlockKey(id, beneficiary, opened, _nonce(winner.proof), lockhash);
        require(unlocked_locks[key], NotUnlocked());
        unlocked_locks[key] = false;
        _setProof(winner, 0, 0, type(uint64).max);
        winner.deposit += _takeDeposit(channel, cheater);
        emit ChannelPunished(id, beneficiary);
    }

    /// closed -> none, by anyone: each gets his deposit and what the other has transferred, less what he has, within what is there.
    function settle(
        address token,
        address participant1,
        uint256 participant1_transferred_amount,
        bytes32 participant1_locksroot,
        address participant2,
        uint256 participant2_transferred_amount,
        bytes32 participant2_locksroot
    ) external {
        (bytes32 id, Channel storage channel) = _find(token, participant1, participant2);
        require(channel.state == CLOSED, NotClosed());
        require(block.number > uint256(channel.settle_block_number) + punish_block_number, WindowNotYetOpen());
        _takeProof(channel.participants[participant1], participant1_transferred_amount, participant1_locksroot);
        _takeProof(channel.participants[participant2], participant2_transferred_amount, participant2_locksroot);
        uint256 deposit1 = _takeDeposit(channel, participant1);
        uint256 deposit2 = _takeDeposit(channel, participant2);
        _erase(channel);

        uint256 total = deposit1 + deposit2;
        uint256 amount1;
        if (participant2_transferred_amount >= participant1_transferred_amount) {
            uint256 gain = participant2_transferred_amount - participant1_transferred_amount;
            amount1 = gain >= deposit2 ? total : deposit1 + gain;
        } else {
            uint256 loss = participant1_transferred_amount - participant2_transferred_amount;
            amount1 = loss >= deposit1 ? 0 : deposit1 - loss;
        }
        emit ChannelSettled(id, amount1, total - amount1);
        _pay(token, participant1, amount1);
        _pay(token, participant2, total - amount1);
    }

    // ---- reading

    function getChannelInfo(
        address token,
        address participant1,
        address participant2
    )
        external
        view
        returns (bytes32 channel_identifier, uint64 settle_block_number, uint64 open_block_number, uint8 state, uint64 settle_timeout)
    {
        Channel storage channel;
        (channel_identifier, channel) = _find(token, participant1, participant2);
        settle_block_number = channel.settle_block_number;
        open_block_number = channel.open_block_number;
        state = channel.state;
        settle_timeout = channel.settle_timeout;
    }

    function getChannelInfoByChannelIdentifier(
        bytes32 channel_identifier
    ) external view returns (uint64 settle_block_number, uint64 open_block_number, uint8 state, uint64 settle_timeout) {
        Channel storage channel = channels[channel_identifier];
        return (channel.settle_block_number, channel.open_block_number, channel.state, channel.settle_timeout);
    }

    function getChannelParticipantInfo(
        address token,
        address participant,
        address partner
    ) external view returns (uint256 deposit_amount, bytes24 balance_hash, uint64 nonce) {
        (, Channel storage channel) = _find(token, participant, partner);
        Participant storage one = channel.participants[participant];
        return (one.deposit, bytes24(one.proof), _nonce(one.proof));
    }

    /// Whether `participant`'s lock was unlocked under the proof that is now on chain.
    function queryUnlockedLocks(address token, address participant, address partner, bytes32 lockhash) external view returns (bool) {
        (bytes32 id, Channel storage channel) = _find(token, participant, partner);
        return
            unlocked_locks[_unlockKey(id, participant, channel.open_block_number, _nonce(channel.participants[participant].proof), lockhash)];
    }

    function contractExists(address contract_address) public view returns (bool) {
        return contract_address.code.length > 0;
    }

    // ---- parts

    function _find(address token, address one, address other) private view returns (bytes32 id, Channel storage channel) {
        (address low, address high) = one < other ? (one, other) : (other, one);
        id = keccak256(abi.encodePacked(low, high, token, address(this)));
        channel = channels[id];
    }

    /// The life that an agreement of both must name: the channel is open, and not since this very block.
    function _agreeable(Channel storage channel) private view returns (uint64 opened) {
        require(channel.state == OPEN, NotOpen());
        opened = channel.open_block_number;
        require(opened < block.number, RenewedInThisBlock());
    }

    /// Open channels have settle block 0, so this also says that it is closed.
    function _requireWindow(Channel storage channel) private view {
        require(block.number <= channel.settle_block_number, WindowClosed());
    }

    function _requireBalanceProof(
        bytes32 id,
        Channel storage channel,
        address signer,
        uint256 transferred_amount,
        bytes32 locksroot,
        uint64 nonce,
        bytes32 additional_hash,
        bytes calldata signature
    ) private view {
        bytes32 digest = keccak256(
            abi.encodePacked(
                "\x19Spectrum Signed Message:\n176",
                transferred_amount,
                locksroot,
                nonce,
                additional_hash,
                id,
                channel.open_block_number,
                chain_id
            )
        );
        _requireSigner(digest, signature, signer);
    }

    /// r, s, v; v may be 0 or 1 too. A participant is never address 0, so a failed recovery matches nobody.
    function _requireSigner(bytes32 digest, bytes calldata signature, address signer) private pure {
        require(signature.length == 65, BadSignature());
        uint8 v = uint8(signature[64]);
        if (v < 27) v += 27;
        require(ecrecover(digest, v, bytes32(signature[0:32]), bytes32(signature[32:64])) == signer, BadSignature());
    }

    function _nonce(bytes32 proof) private pure returns (uint64) {
        return uint64(uint256(proof));
    }

    /// First 24 octets of keccak256(locksroot, transferred); 0 for nothing transferred and nothing locked.
    function _balanceHash(uint256 transferred_amount, bytes32 locksroot) private pure returns (bytes24) {
        if (transferred_amount == 0 && locksroot == 0) return 0;
        return bytes24(keccak256(abi.encodePacked(locksroot, transferred_amount)));
    }

    function _unlockKey(bytes32 id, address payer, uint64 opened, uint64 nonce, bytes32 lockhash) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(id, payer, opened, nonce, lockhash));
    }

    function _setProof(Participant storage payer, uint256 transferred_amount, bytes32 locksroot, uint64 nonce) private {
        payer.proof = bytes32(_balanceHash(transferred_amount, locksroot)) | bytes32(uint256(nonce));
    }

    function _takeProof(Participant storage payer, uint256 transferred_amount, bytes32 locksroot) private {
        bytes32 proof = payer.proof;
        require(bytes24(proof) == _balanceHash(transferred_amount, locksroot), BadBalanceProof());
        if (proof != 0) payer.proof = 0;
    }

    function _takeDeposit(Channel storage channel, address participant) private returns (uint256 amount) {
        Participant storage one = channel.participants[participant];
        amount = one.deposit;
        if (amount > 0) one.deposit = 0;
    }

    function _erase(Channel storage channel) private {
        channel.settle_timeout = 0;
        channel.settle_block_number = 0;
        channel.open_block_number = 0;
        channel.state = 0;
    }

    /// Pairs are sorted, so a proof needs no sides.
    function _merkleRoot(bytes32 node, bytes calldata proof) private pure returns (bytes32) {
        require(proof.length % 32 == 0, BadMerkleProof());
        for (uint256 i = 0; i < proof.length; i += 32) {
            bytes32 sibling = bytes32(proof[i:i + 32]);
            node = node < sibling ? keccak256(abi.encodePacked(node, sibling)) : keccak256(abi.encodePacked(sibling, node));
        }
        return node;
    }

    function _pay(address token, address to, uint256 amount) private {
        if (amount > 0) require(Token(token).transfer(to, amount), TransferFailed());
    }
}
