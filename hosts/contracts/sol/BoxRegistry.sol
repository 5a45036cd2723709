// SPDX-License-Identifier: LGPL-3.0-or-later
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

/// @title Which wallet a box works for
///
///   unknown --bind--> bound --bind--> bound to another wallet --unbind--> unknown
///
/// The box's own key says so, in a signature that works once; anyone may bring it and pay the gas. The wallet may let go alone.
contract BoxRegistry is EIP712, Nonces {
    using EnumerableSet for EnumerableSet.AddressSet;

    bytes32 public constant BIND_TYPEHASH = keccak256("Bind(address box,address wallet,uint256 nonce)");
    bytes32 public constant UNBIND_TYPEHASH = keccak256("Unbind(address box,uint256 nonce)");

    mapping(address => address) public walletOf;
    mapping(address => bytes) private keys;
    EnumerableSet.AddressSet private bound;

    event BoxBound(address indexed box, address indexed wallet);
    event BoxUnbound(address indexed box, address indexed wallet);
    event KeyPublished(address indexed box, bytes key);

    error ZeroWallet();
    error NotAKey();
    error NotTheBox();
    error NotTheWallet();
    error NotBound();

    constructor() EIP712("MeshBox boxes", "1") {}

    function bind(address box, address wallet, bytes calldata signature) external {
        require(wallet != address(0), ZeroWallet());
        _requireBox(box, keccak256(abi.encode(BIND_TYPEHASH, box, wallet, _useNonce(box))), signature);
        address before = walletOf[box];
        if (before != address(0)) emit BoxUnbound(box, before);
        walletOf[box] = wallet;
        bound.add(box);
        emit BoxBound(box, wallet);
    }

    function unbind(address box, bytes calldata signature) external {
        _requireBox(box, keccak256(abi.encode(UNBIND_TYPEHASH, box, _useNonce(box))), signature);
        _unbind(box);
    }

    function unbindByWallet(address box) external {
        require(walletOf[box] == msg.sender, NotTheWallet());
        _unbind(box);
    }

    /// A signature shows a box's address only; consensus and certificates need its key. Anyone may publish it: x and y, 64 octets.
    function publishKey(bytes calldata key) external {
        require(key.length == 64, NotAKey());
        address box = address(uint160(uint256(keccak256(key))));
        bytes memory compressed = abi.encodePacked(uint8(2 + (uint8(key[63]) & 1)), key[:32]);
        keys[box] = compressed;
        emit KeyPublished(box, compressed);
    }

    /// Compressed, 33 octets; empty if nobody has published it.
    function keyOf(address box) external view returns (bytes memory) {
        return keys[box];
    }

    function boxCount() external view returns (uint256) {
        return bound.length();
    }

    function boxAt(uint256 index) external view returns (address) {
        return bound.at(index);
    }

    function _unbind(address box) private {
        address wallet = walletOf[box];
        require(wallet != address(0), NotBound());
        delete walletOf[box];
        bound.remove(box);
        emit BoxUnbound(box, wallet);
    }

    function _requireBox(address box, bytes32 message, bytes calldata signature) private view {
        require(ECDSA.recover(_hashTypedDataV4(message), signature) == box, NotTheBox());
    }
}
