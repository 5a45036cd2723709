// SPDX-License-Identifier: LGPL-3.0-or-later
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {BoxRegistry} from "./BoxRegistry.sol";
import {ContributionWeights} from "./ContributionWeights.sol";
import {MiningEmission} from "./MiningEmission.sol";

/// @title Fees in, rewards out: a box proves what it carried by the root of its receipts
///
///   none --submit--> submitted --challenge--> challenged --answer--> submitted
///                    submitted --credit, after the window--> credited
///                    challenged --voidRecord, after seven days--> void
///
/// A record's reward is k = 3/4 of the fee that was paid to the pool for that box and epoch, plus MESH: the least of the fee's share of the
/// epoch's emission, EMISSION_PER_FEE for each unit of fee, the owner's stake times STAKE_RATE, and an eighth of the epoch's emission for
/// all boxes of one owner. What is not paid stays in the pool; nothing is burned and no stake is taken.
contract RewardPool {
    using SafeERC20 for IERC20;

    /// What the served party signs: `box` carried octets `from` to `to` of a flow for it at a price.
    struct Receipt {
        address served;
        address box;
        uint64 flow;
        uint64 epoch;
        uint64 from;
        uint64 to;
        uint128 price;
    }

    /// One step of a proof in the tree, whose nodes are keccak256(left, left sum, right, right sum).
    struct Step {
        bytes32 hash;
        uint128 sum;
    }

    struct Record {
        bytes32 root;
        uint128 octets;
        uint32 leaves;
        uint8 state;
        uint64 challengeable;
        uint64 answerBy;
        uint32 leaf;
        address challenger;
        /// At submission: a stake takes longer to withdraw than the time for submitting, so it can't back one epoch twice.
        address owner;
        uint256 stake;
    }

    uint256 public constant K_NUMERATOR = 3;
    uint256 public constant K_DENOMINATOR = 4;
    /// MESH for a unit of fee at most; self-traffic breaks even at (1 - k) / EMISSION_PER_FEE fee units for a MESH, 1/16.
    uint256 public constant EMISSION_PER_FEE = 4;
    /// An epoch's MESH is at most 1/1000 of the owner's stake.
    uint256 public constant STAKE_RATE = 1000;
    uint256 public constant OWNER_SHARE = 8;
    uint64 public constant EPOCH = 1 days;
    uint64 public constant WINDOW = 7 days;
    uint64 public constant UNSTAKE_DELAY = 14 days;
    /// Pays an answer's gas; goes to the box if the leaf was there, back to the challenger if not.
    uint256 public constant BOND = 0.01 ether;
    bytes32 public constant RECEIPT_DOMAIN = keccak256("MeshBox receipt 1");

    uint8 private constant SUBMITTED = 1;
    uint8 private constant CHALLENGED = 2;
    uint8 private constant CREDITED = 3;
    uint8 private constant VOID = 4;

    BoxRegistry public immutable registry;
    MiningEmission public immutable mining;
    IERC20 public immutable mesh;
    ContributionWeights public immutable weights;
    uint64 public immutable firstEpoch;

    mapping(uint64 epoch => mapping(address box => uint256)) public fees;
    mapping(uint64 epoch => uint256) public feesOf;
    mapping(uint64 epoch => mapping(address box => Record)) public records;
    mapping(uint64 epoch => mapping(address owner => uint256)) public paidToOwner;
    mapping(address owner => uint256) public stakeOf;
    mapping(address owner => uint256) public leaving;
    mapping(address owner => uint256) public leavesAt;
    mapping(address => uint256) public owed;

    event FeePaid(uint64 indexed epoch, address indexed box, uint256 amount);
    event Submitted(uint64 indexed epoch, address indexed box, bytes32 root, uint128 octets, uint32 leaves);
    event Challenged(uint64 indexed epoch, address indexed box, uint32 leaf, address challenger);
    event Answered(uint64 indexed epoch, address indexed box, uint32 leaf);
    event Voided(uint64 indexed epoch, address indexed box);
    event Credited(uint64 indexed epoch, address indexed box, uint256 fee, uint256 emission);

    error NotTheOwner();
    error WrongEpoch();
    error NoFee();
    error WrongState();
    error EmptyRecord();
    error WindowClosed();
    error WindowOpen();
    error BadBond();
    error BadLeaf();
    error BadReceipt();
    error BadProof();
    error NotEnough();

    constructor(BoxRegistry registry_, MiningEmission mining_) {
        registry = registry_;
        mining = mining_;
        mesh = mining_.token();
        weights = new ContributionWeights(registry_, address(this));
        firstEpoch = epochNow();
    }

    function epochNow() public view returns (uint64) {
        return uint64(block.timestamp / EPOCH);
    }

    /// MESH of an epoch: what the emission contract sets free between its begin and its end.
    function emissionOf(uint64 epoch) public view returns (uint256) {
        return mining.emitted((uint256(epoch) + 1) * EPOCH) - mining.emitted(uint256(epoch) * EPOCH);
    }

    /// For an epoch's sum of fees: the price of 2^64 MESH units, in fee units, below which a fee paid for one's own traffic is lost.
    function breakEven(uint64 epoch, uint256 totalFees) external view returns (uint256) {
        uint256 byShare = Math.mulDiv(totalFees << 64, K_DENOMINATOR - K_NUMERATOR, K_DENOMINATOR * emissionOf(epoch));
        uint256 byRate = ((uint256(1) << 64) * (K_DENOMINATOR - K_NUMERATOR)) / (K_DENOMINATOR * EMISSION_PER_FEE);
        return Math.max(byShare, byRate);
    }

    // ---- fees and stakes

    /// Anyone pays for a box's carriage in the running epoch.
    function payFee(address box) external payable {
        require(msg.value > 0, NotEnough());
        uint64 epoch = epochNow();
        fees[epoch][box] += msg.value;
        feesOf[epoch] += msg.value;
        emit FeePaid(epoch, box, msg.value);
    }

    function stake() external payable {
        stakeOf[msg.sender] += msg.value;
    }

    function unstake(uint256 amount) external {
        require(amount <= stakeOf[msg.sender], NotEnough());
        stakeOf[msg.sender] -= amount;
        leaving[msg.sender] += amount;
        leavesAt[msg.sender] = block.timestamp + UNSTAKE_DELAY;
    }

    function takeStake() external {
        require(block.timestamp >= leavesAt[msg.sender], WindowOpen());
        uint256 amount = leaving[msg.sender];
        leaving[msg.sender] = 0;
        _send(msg.sender, amount);
    }

    /// Rewards and bonds in SMT; MESH is sent when it is credited.
    function take() external {
        uint256 amount = owed[msg.sender];
        owed[msg.sender] = 0;
        _send(msg.sender, amount);
    }

    // ---- records

    /// none -> submitted: by the box's wallet, for an epoch that ended within the last window and for which a fee was paid.
    function submit(uint64 epoch, address box, bytes32 root, uint128 octets, uint32 leaves) external {
        require(registry.walletOf(box) == msg.sender, NotTheOwner());
        require(epoch >= firstEpoch && epoch < epochNow() && block.timestamp < (uint256(epoch) + 1) * EPOCH + WINDOW, WrongEpoch());
        require(fees[epoch][box] > 0, NoFee());
        require(leaves > 0 && octets > 0, EmptyRecord());
        Record storage entry = records[epoch][box];
        require(entry.state == 0, WrongState());
        (entry.root, entry.octets, entry.leaves, entry.state) = (root, octets, leaves, SUBMITTED);
        (entry.owner, entry.stake) = (msg.sender, stakeOf[msg.sender]);
        entry.challengeable = uint64(block.timestamp) + WINDOW;
        emit Submitted(epoch, box, root, octets, leaves);
    }

    /// submitted -> challenged: show me this leaf.
    function challenge(uint64 epoch, address box, uint32 leaf) external payable {
        Record storage entry = records[epoch][box];
        require(entry.state == SUBMITTED, WrongState());
        require(block.timestamp < entry.challengeable, WindowClosed());
        require(msg.value == BOND, BadBond());
        require(leaf < entry.leaves, BadLeaf());
        (entry.state, entry.leaf, entry.challenger) = (CHALLENGED, leaf, msg.sender);
        entry.answerBy = uint64(block.timestamp) + WINDOW;
        emit Challenged(epoch, box, leaf, msg.sender);
    }

    /// challenged -> submitted: the receipt, the served party's signature, and the way from its leaf to the root.
    function answer(uint64 epoch, address box, Receipt calldata receipt, bytes calldata signature, Step[] calldata path) external {
        Record storage entry = records[epoch][box];
        require(entry.state == CHALLENGED, WrongState());
        require(block.timestamp <= entry.answerBy, WindowClosed());
        require(receipt.box == box && receipt.epoch == epoch && receipt.to > receipt.from && receipt.served != box, BadReceipt());
        bytes32 digest = receiptDigest(receipt);
        require(ECDSA.recover(digest, signature) == receipt.served, BadReceipt());
        (bytes32 root, uint256 sum) = _climb(digest, receipt.to - receipt.from, entry.leaf, entry.leaves, path);
        require(root == entry.root && sum == entry.octets, BadProof());
        entry.state = SUBMITTED;
        owed[entry.owner] += BOND;
        emit Answered(epoch, box, entry.leaf);
    }

    /// challenged -> void: seven days without an answer.
    function voidRecord(uint64 epoch, address box) external {
        Record storage entry = records[epoch][box];
        require(entry.state == CHALLENGED, WrongState());
        require(block.timestamp > entry.answerBy, WindowOpen());
        entry.state = VOID;
        owed[entry.challenger] += BOND;
        emit Voided(epoch, box);
    }

    /// submitted -> credited: after the window, to the wallet that submitted; anyone may call.
    function credit(uint64 epoch, address box) external {
        Record storage entry = records[epoch][box];
        require(entry.state == SUBMITTED, WrongState());
        require(block.timestamp >= entry.challengeable, WindowOpen());
        address owner = entry.owner;
        entry.state = CREDITED;
        uint256 fee = fees[epoch][box];
        uint256 reward = (fee * K_NUMERATOR) / K_DENOMINATOR;
        owed[owner] += reward;
        uint256 emission = _emission(epoch, owner, entry.stake, fee);
        weights.record(epoch, box, fee, 0, 0);
        emit Credited(epoch, box, reward, emission);
        if (emission > 0) {
            mining.release();
            mesh.safeTransfer(owner, emission);
        }
    }

    function receiptDigest(Receipt calldata receipt) public view returns (bytes32) {
        return keccak256(abi.encode(RECEIPT_DOMAIN, block.chainid, address(this), receipt));
    }

    function _emission(uint64 epoch, address owner, uint256 staked, uint256 fee) private returns (uint256 amount) {
        uint256 all = emissionOf(epoch);
        uint256 left = Math.min(all / OWNER_SHARE, staked / STAKE_RATE);
        uint256 had = paidToOwner[epoch][owner];
        left = left > had ? left - had : 0;
        amount = Math.min(Math.min(Math.mulDiv(all, fee, feesOf[epoch]), fee * EMISSION_PER_FEE), left);
        paidToOwner[epoch][owner] = had + amount;
    }

    /// Leaves stand in order; an odd last node of a level is promoted unchanged. The sum of the whole is the root's.
    function _climb(
        bytes32 hash,
        uint256 sum,
        uint256 index,
        uint256 count,
        Step[] calldata path
    ) private pure returns (bytes32, uint256) {
        uint256 used;
        for (; count > 1; (index, count) = (index / 2, (count + 1) / 2)) {
            if (index % 2 == 0 && index + 1 == count) continue;
            require(used < path.length, BadProof());
            Step calldata sibling = path[used++];
            hash = index % 2 == 0
                ? keccak256(abi.encodePacked(hash, uint128(sum), sibling.hash, sibling.sum))
                : keccak256(abi.encodePacked(sibling.hash, sibling.sum, hash, uint128(sum)));
            sum += sibling.sum;
            require(sum <= type(uint128).max, BadProof());
        }
        require(used == path.length, BadProof());
        return (hash, sum);
    }

    function _send(address to, uint256 amount) private {
        require(amount > 0, NotEnough());
        (bool ok, ) = to.call{value: amount}("");
        require(ok, NotEnough());
    }
}
